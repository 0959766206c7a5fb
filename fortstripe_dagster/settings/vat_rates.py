"""Reduced VAT rates of other EU countries, as far as the company sells at them.

Standard rates are data of the package; which reduced rate a product falls under is a question of each country's law,
and the company's answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from fortstripe_dagster.settings.group import Group
from fortstripe_dagster.settings.vat import VatClass


class VatRate(Group):
    """One country's rate for one kind of product, from a day on."""

    country: str = Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{2})?$", description="Where the tax is due, e.g. DE, or PT-20.")
    vat_class: VatClass | None = Field(default=None, description="Which rows: those of this VAT class.")
    rule: str | None = Field(default=None, description="Or those that the rule of this name decided; it goes first.")
    rate: Annotated[Decimal, Field(ge=0, lt=100, decimal_places=2)] = Field(description="Per cent, e.g. 7 or 5.5.")
    valid_from: date = Field(description="First day of the rate.")
    valid_to: date | None = Field(default=None, description="Its last day; unset, it holds.")

    @model_validator(mode="after")
    def _of_one_kind(self) -> VatRate:
        if (self.vat_class is None) == (self.rule is None):
            raise ValueError("say either vat_class or rule: which rows have this rate")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self

    def overlaps(self, other: VatRate) -> bool:
        """Whether there is a day on which both give a rate for the same rows."""
        same = (self.country, self.vat_class, self.rule) == (other.country, other.vat_class, other.rule)
        ends = [rate.valid_to or date.max for rate in (self, other)]
        return same and self.valid_from <= ends[1] and other.valid_from <= ends[0]


def refuse_doubtful(rates: Sequence[VatRate], names: Sequence[str | None]) -> None:
    """Raise ValueError for two rates on one day, or a rate of a rule that has not this name."""
    for number, rate in enumerate(rates, 1):
        if rate.rule is not None and rate.rule not in names:
            raise ValueError(f"vat_rates {number} names the rule {rate.rule!r}, which none of [[rules]] is called")
        for before, other in enumerate(rates[: number - 1], 1):
            if rate.overlaps(other):
                raise ValueError(f"vat_rates {before} and {number} give two rates for the same rows on one day")


def choices(rates: Sequence[VatRate]) -> dict[str, str]:
    """The rates as a policy of the ledger, where there are any."""
    return {"vat_rates": json.dumps([rate.model_dump(mode="json") for rate in rates])} if rates else {}
