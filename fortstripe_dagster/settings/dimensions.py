"""Which rows of sales go to which account, cost centre, project and article: rules, of which the first that fits wins.

What belongs here: the shape of a rule and what makes a list of rules wrong before anything is booked. How a rule is
matched with what was sold is the ledger's (`row_rules.sql`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from fortstripe_dagster.settings.accounts import Account
from fortstripe_dagster.settings.group import Group
from fortstripe_dagster.settings.vat import VatClass

Values = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
"""One value or a list of which any may fit."""

Code = Annotated[str, BeforeValidator(lambda value: str(value)), Field(min_length=1, max_length=20)]
"""A cost centre or project of Fortnox, quoted or not in the file."""

RowKind = Literal["gift_card_multi", "gift_card_single", "tip"]


class Conditions(Group):
    """What a row of a sale must be for a rule to fit; all that are given must hold, and none means every row."""

    product: Values = Field(default=(), description="Stripe's product id, prod_…")
    price: Values = Field(default=(), description="Stripe's price id, price_…")
    customer: Values = Field(default=(), description="Stripe's customer id, cus_…")
    currency: Values = Field(default=(), description="Currency of the sale, e.g. EUR.")
    country: Values = Field(default=(), description="The buyer's country, e.g. SE.")
    description: Values = Field(default=(), description="Text that the row's description contains, in any case.")
    metadata: dict[str, str] = Field(
        default={}, description="Metadata of the charge, invoice line, price, product or customer, the nearest first."
    )

    @model_validator(mode="after")
    def _codes(self) -> Conditions:
        for name, length in (("currency", 3), ("country", 2)):
            for value in getattr(self, name):
                if len(value) != length or not value.isalpha() or value != value.upper():
                    raise ValueError(f"{name} {value!r} is no code of {length} capital letters")
        return self

    def covers(self, other: Conditions) -> bool:
        """Whether these fit wherever the other's fit."""
        for name in Conditions.model_fields:
            mine, others = getattr(self, name), getattr(other, name)
            if name == "metadata":
                if not mine.items() <= others.items():
                    return False
            elif mine and not (others and set(others) <= set(mine)):
                return False
        return True


class Rule(Group):
    """One rule: when it fits, and what it decides. What it leaves out is decided as without rules."""

    name: str | None = Field(default=None, description="How it is called on the lines that it decided.")
    when: Conditions = Field(default=Conditions(), description="When it fits; left out: always.")
    account: Account | None = Field(default=None, description="Sales account, in place of the VAT treatment's.")
    cost_center: Code | None = Field(default=None, description="Fortnox's cost centre (kostnadsställe).")
    project: Code | None = Field(default=None, description="Fortnox's project.")
    article: Annotated[str, Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="Fortnox's article number on the invoice row; the article is made if it is not there."
    )
    supply: Literal["goods", "e-service", "other"] | None = Field(default=None, description="Decides the VAT abroad.")
    vat_rate: Literal[25, 12, 6, 0] | None = Field(default=None, description="Swedish VAT rate, per cent.")
    vat_class: VatClass | None = Field(
        default=None, description="In place of vat_rate: a rate that depends on the day, as that of food does."
    )
    kind: RowKind | None = Field(
        default=None,
        description="`gift_card_multi` (no VAT until redeemed; a negative row redeems), `gift_card_single` (VAT at the "
        "sale) or `tip`.",
    )

    @model_validator(mode="after")
    def _decides(self) -> Rule:
        decided = self.model_dump(exclude={"name", "when"}, exclude_none=True)
        if not decided:
            raise ValueError(
                "decides nothing: give account, cost_center, project, article, supply, a VAT rate or class, or kind"
            )
        if self.kind in ("gift_card_multi", "tip") and {"account", "supply", "vat_rate", "vat_class"} & decided.keys():
            raise ValueError(f"a row of kind {self.kind} has its account in [accounts] and no VAT: leave those out")
        return self


def refuse_unreachable(rules: Sequence[Rule]) -> None:
    """Raise ValueError for a rule that an earlier one never lets come to its turn."""
    for later, rule in enumerate(rules):
        for earlier, before in enumerate(rules[:later]):
            if before.when.covers(rule.when):
                raise ValueError(
                    f"rule {later + 1} can never apply: rule {earlier + 1} fits first; put it before that one"
                )
