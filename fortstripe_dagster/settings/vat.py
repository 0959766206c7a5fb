"""What the law leaves to the company's own facts: how it stands towards the One Stop Shop, and what counts as proof."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fortstripe_dagster.settings.group import Group

Year = Annotated[str, BeforeValidator(lambda value: str(value)), Field(pattern=r"^20\d\d$")]
"""A calendar year, quoted or not in the file."""


VatClass = Literal["standard", "food", "served_food", "books", "exempt"]
"""What `ledger/data/swedish_rates.csv` knows the rates of, by day."""


class Oss(Group):
    """Distance sales of goods and electronic services to consumers in other EU countries.

    Needed as soon as such a sale occurs: until then nothing has to be said, and from then on it is held.
    """

    status: Literal["off", "on"] | None = Field(
        default=None, description="Registered for the One Stop Shop: off | on. Unset, sales to EU consumers are held."
    )
    registered_from: date | None = Field(
        default=None,
        description="First day under the One Stop Shop; unset, all days. Earlier sales follow the threshold.",
    )
    previous_year_turnover: Decimal | None = Field(
        default=None,
        ge=0,
        description="Such sales in all channels, kronor without VAT, in the calendar year before start_date's.",
    )
    outside_stripe: Literal["none"] | dict[Year, Annotated[Decimal, Field(ge=0)]] | None = Field(
        default=None,
        description="Such sales that are not booked here (other channels, days before start_date), kronor without VAT "
        "by calendar year; `none` where there are none.",
    )

    def choices(self) -> dict[str, str]:
        """The answers given, as policies of the ledger: amounts in öre."""
        given = {
            "oss_status": self.status,
            "oss_registered_from": self.registered_from,
            "oss_previous_year_ore": _ore(self.previous_year_turnover),
        }
        if self.outside_stripe == "none":
            given["oss_outside_ore"] = "0"
        elif self.outside_stripe is not None:
            given |= {f"oss_outside_ore:{year}": _ore(amount) for year, amount in self.outside_stripe.items()}
        return {name: str(value) for name, value in given.items() if value is not None}


class Vat(Group):
    """How sure a VAT decision must be before it is booked."""

    stripe_tax_limit: Decimal = Field(
        default=Decimal("1.00"),
        ge=0,
        description="Kronor that the VAT Stripe charged may differ from the VAT due on one sale; beyond, it is held.",
    )
    location_evidence: Literal["address", "address_and_card"] = Field(
        default="address",
        description="What must agree on a consumer's country: the addresses, or the country of the card as well.",
    )
    domestic_reverse_charge: Literal["hold", "book"] = Field(
        default="hold",
        description="Sales under Swedish reverse charge (omvänd skattskyldighet, box 41): held for review, or booked.",
    )

    def choices(self) -> dict[str, str]:
        """The choices as policies of the ledger: amounts in öre."""
        return {
            "stripe_tax_limit_ore": str(_ore(self.stripe_tax_limit)),
            "location_evidence": self.location_evidence,
            "domestic_reverse_charge": self.domestic_reverse_charge,
        }


def _ore(kronor: Decimal | None) -> str | None:
    return None if kronor is None else str(int(kronor * 100))
