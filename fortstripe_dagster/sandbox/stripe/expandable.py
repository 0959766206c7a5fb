"""Which fields of which type `expand` opens, and what then stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


@dataclass(frozen=True)
class Reference:
    """A field that holds an id (or ids) of one of these types."""

    kinds: tuple[str, ...]
    permission: str | None = None


@dataclass(frozen=True)
class Embedded:
    """A field that already holds objects of this type."""

    kind: str


@dataclass(frozen=True)
class Included:
    """A list that is absent until asked for."""

    kind: str
    url: str
    rows: Callable[[Account, StripeObject], list[StripeObject]]


Field = Reference | Embedded | Included


def _refs(**kinds: str) -> dict[str, Field]:
    return {name: Reference((kind,)) for name, kind in kinds.items()}


def _always_null(*names: str) -> dict[str, Field]:
    """Fields that Stripe would expand and that hold nothing in this world."""
    return {name: Reference(()) for name in names}


def _referring(kind: str, field: str) -> Callable[[Account, StripeObject], list[StripeObject]]:
    def rows(account: Account, thing: StripeObject) -> list[StripeObject]:
        return account.referring(kind, field, thing["id"])[::-1]

    return rows


_BOOKED = {"balance_transaction": "balance_transaction"}
_MOVED = {"balance_transaction": "balance_transaction", "failure_balance_transaction": "balance_transaction"}

EXPANDABLE: dict[str, dict[str, Field]] = {
    "balance_transaction": {
        "source": Reference(
            (
                "charge",
                "refund",
                "dispute",
                "payout",
                "topup",
                "transfer",
                "transfer_reversal",
                "application_fee",
                "fee_refund",
            ),
            permission="rak_balance_transaction_source_read",
        )
    },
    "transfer": {**_refs(**_BOOKED), **_always_null("destination", "destination_payment", "source_transaction")},
    "transfer_reversal": {
        **_refs(transfer="transfer", **_BOOKED),
        **_always_null("destination_payment_refund", "source_refund"),
    },
    "application_fee": {
        **_refs(**_BOOKED),
        **_always_null("account", "application", "charge", "originating_transaction"),
    },
    "fee_refund": _refs(fee="application_fee", **_BOOKED),
    "checkout.session": {
        **_refs(customer="customer", invoice="invoice", payment_intent="payment_intent", subscription="subscription"),
        "line_items": Included(
            "item", "/v1/checkout/sessions/{id}/line_items", lambda account, thing: account.lines[thing["id"]]
        ),
        "discounts.coupon": Reference(("coupon",)),
        **_always_null("payment_link", "setup_intent"),
    },
    "customer_balance_transaction": {
        **_refs(customer="customer", invoice="invoice", credit_note="credit_note"),
        **_always_null("checkout_session"),
    },
    "charge": {
        **_refs(customer="customer", payment_intent="payment_intent", **_MOVED),
        "refunds": Included("refund", "/v1/charges/{id}/refunds", _referring("refund", "charge")),
        **_always_null("application", "application_fee", "on_behalf_of", "review", "source_transfer", "transfer"),
    },
    "refund": {
        **_refs(charge="charge", customer="customer", payment_intent="payment_intent", **_MOVED),
        **_always_null("source_transfer_reversal", "transfer_reversal"),
    },
    "dispute": {
        **_refs(charge="charge", payment_intent="payment_intent"),
        "balance_transactions": Embedded("balance_transaction"),
    },
    "payout": {
        **_refs(destination="bank_account", **_MOVED),
        **_always_null("application_fee", "original_payout", "reversed_by"),
    },
    "topup": {**_refs(balance_transaction="balance_transaction"), **_always_null("payment_method")},
    "payment_intent": {
        **_refs(customer="customer", latest_charge="charge"),
        **_always_null("application", "on_behalf_of", "payment_record", "review", "source"),
    },
    "customer": {
        "subscriptions": Included(
            "subscription", "/v1/customers/{id}/subscriptions", _referring("subscription", "customer")
        ),
        "tax_ids": Included(
            "tax_id", "/v1/customers/{id}/tax_ids", lambda account, thing: account.tax_ids[thing["id"]]
        ),
        **_always_null("default_source", "test_clock", "invoice_settings.default_payment_method"),
    },
    "tax_id": _refs(customer="customer"),
    "invoice": {
        **_refs(customer="customer", discounts="discount"),
        "lines.data": Embedded("line_item"),
        "parent.subscription_details.subscription": Reference(("subscription",)),
        "payments": Included("invoice_payment", "/v1/invoice_payments", _referring("invoice_payment", "invoice")),
        "total_discount_amounts.discount": Reference(("discount",)),
        **_always_null("account_tax_ids", "application", "default_payment_method", "default_source", "latest_revision"),
        **_always_null("on_behalf_of", "test_clock"),
    },
    "line_item": {
        **_refs(discounts="discount", subscription="subscription"),
        "discount_amounts.discount": Reference(("discount",)),
        "pricing.price_details.price": Reference(("price",)),
    },
    "invoice_payment": {
        **_refs(invoice="invoice"),
        "payment.payment_intent": Reference(("payment_intent",)),
        **_always_null("payment.charge"),
    },
    "credit_note": {
        **_refs(customer="customer", invoice="invoice", customer_balance_transaction="customer_balance_transaction"),
        "lines.data": Embedded("credit_note_line_item"),
        "refunds.refund": Reference(("refund",)),
    },
    "subscription": {
        **_refs(customer="customer", latest_invoice="invoice", discounts="discount"),
        "items.data": Embedded("subscription_item"),
        **_always_null("application", "default_payment_method", "default_source", "on_behalf_of"),
        **_always_null("pending_setup_intent", "schedule", "test_clock"),
    },
    "subscription_item": {**_refs(discounts="discount"), "price": Embedded("price"), "plan": Embedded("plan")},
    "plan": _refs(product="product"),
    "price": _refs(product="product"),
    "product": _refs(default_price="price"),
    "discount": {
        **_refs(customer="customer"),
        "source.coupon": Reference(("coupon",)),
        **_always_null("promotion_code"),
    },
}
"""Type -> dotted field -> what stands there."""

NOT_KEPT = {
    "refund": {"payment_method"},
    "payment_intent": {"payment_method"},
    "product": {"tax_code"},
}
"""Fields that Stripe would expand, whose ids this world shows and whose objects it does not have: refused."""
