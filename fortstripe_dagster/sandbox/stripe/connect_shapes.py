"""Complete Stripe objects of the pinned version, Connect side: transfers, application fees and what takes them back."""

from __future__ import annotations

from typing import Any

from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, filled


def transfer(**known: Any) -> StripeObject:
    """Money moved from a platform's balance to a connected account."""
    template: StripeObject = {
        "id": None,
        "object": "transfer",
        "amount": None,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": None,
        "currency": None,
        "description": None,
        "destination": None,
        "destination_payment": None,
        "livemode": False,
        "metadata": {},
        "reversals": None,
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": None,
    }
    return filled(template, known)


def transfer_reversal(**known: Any) -> StripeObject:
    """A transfer taken back, in whole or in part."""
    template: StripeObject = {
        "id": None,
        "object": "transfer_reversal",
        "amount": None,
        "balance_transaction": None,
        "created": None,
        "currency": None,
        "destination_payment_refund": None,
        "metadata": {},
        "source_refund": None,
        "transfer": None,
    }
    return filled(template, known)


def application_fee(**known: Any) -> StripeObject:
    """What a platform earns on a connected account's charge."""
    template: StripeObject = {
        "id": None,
        "object": "application_fee",
        "account": None,
        "amount": None,
        "amount_refunded": 0,
        "application": None,
        "balance_transaction": None,
        "charge": None,
        "created": None,
        "currency": None,
        "fee_source": None,
        "livemode": False,
        "originating_transaction": None,
        "refunded": False,
        "refunds": None,
    }
    return filled(template, known)


def fee_refund(**known: Any) -> StripeObject:
    """An application fee given back."""
    template: StripeObject = {
        "id": None,
        "object": "fee_refund",
        "amount": None,
        "balance_transaction": None,
        "created": None,
        "currency": None,
        "fee": None,
        "metadata": {},
    }
    return filled(template, known)
