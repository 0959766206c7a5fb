"""How the company redeems multi-purpose gift cards (flerfunktionsvouchrar) through Stripe, which knows none."""

from __future__ import annotations

import json

from pydantic import Field

from fortstripe_dagster.settings.dimensions import Values
from fortstripe_dagster.settings.group import Group


class GiftCards(Group):
    """What marks a redeemed card.

    A single-purpose card needs no mark: its VAT was due when it was sold, so what it pays is a discount like any other.
    """

    coupons: Values = Field(
        default=(),
        description="Coupons whose discount is a multi-purpose gift card redeemed, a payment and no lower price: ids "
        "or names of coupons, or ids of promotion codes; `*` stands for any text.",
    )
    metadata: dict[str, str] = Field(
        default={},
        description="Metadata by which such a coupon is known, or a credit balance (customer balance transaction) that "
        "was given for such a card.",
    )

    @property
    def by_coupon(self) -> bool:
        """Whether discounts must be looked into: Stripe names their coupons only when asked."""
        return bool(self.coupons or self.metadata)

    def choices(self) -> dict[str, str]:
        """The marks as policies of the ledger, where there are any."""
        marks = {
            "gift_card_coupons": json.dumps(self.coupons) if self.coupons else None,
            "gift_card_metadata": json.dumps(self.metadata, sort_keys=True) if self.metadata else None,
        }
        return {name: value for name, value in marks.items() if value is not None}
