"""Which collections the stand-in serves: path, type, needed permission, filters, and what a list hides by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fortstripe_dagster.sandbox.stripe.account import EVENTS_KEPT, Account
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal, unknown_parameter
from fortstripe_dagster.sandbox.stripe.query import Query, boolean, bounds, text, texts
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

Match = Callable[[Account, StripeObject], bool]
Filter = Callable[[str, Any], Match]
"""(parameter name, raw value) -> what to match; refuses a value that Stripe refuses."""


@dataclass(frozen=True)
class Resource:
    """One collection under /v1."""

    path: str
    kind: str
    permission: str
    filters: Mapping[str, Filter]
    hides: Callable[[Account, StripeObject, Query], bool] = field(default=lambda account, thing, query: False)

    @property
    def parameters(self) -> frozenset[str]:
        """Every parameter that the list takes."""
        return frozenset(self.filters) | {"created", "ending_before", "expand", "limit", "starting_after"}


def equals(*path: str) -> Filter:
    """The field at `path` is exactly the value."""

    def build(name: str, raw: Any) -> Match:
        wanted = text(name, raw)
        return lambda account, thing: _at(thing, path) == wanted

    return build


def within(*path: str) -> Filter:
    """The number at `path` lies in the range."""

    def build(name: str, raw: Any) -> Match:
        first, last = bounds(name, raw)

        def match(account: Account, thing: StripeObject) -> bool:
            value = _at(thing, path)
            return value is not None and (first is None or value >= first) and (last is None or value <= last)

        return match

    return build


def flag(*path: str) -> Filter:
    """The field at `path` is true, or is not."""

    def build(name: str, raw: Any) -> Match:
        wanted = boolean(name, raw)
        return lambda account, thing: bool(_at(thing, path)) == wanted

    return build


def among(*path: str, most: int = 100) -> Filter:
    """The field at `path` is one of the values."""

    def build(name: str, raw: Any) -> Match:
        wanted = frozenset(texts(name, raw, most=most))
        return lambda account, thing: _at(thing, path) in wanted

    return build


def nested(**parts: Filter) -> Filter:
    """A parameter with keys of its own: payment[type], recurring[interval]."""

    def build(name: str, raw: Any) -> Match:
        if not isinstance(raw, dict):
            raise StripeRefusal(400, "Invalid object", param=name)
        for key in raw:
            if key not in parts:
                raise unknown_parameter(f"{name}[{key}]")
        matches = [parts[key](f"{name}[{key}]", value) for key, value in raw.items()]
        return lambda account, thing: all(match(account, thing) for match in matches)

    return build


def _at(thing: StripeObject, path: tuple[str, ...]) -> Any:
    value: Any = thing
    for key in path:
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _in_payout(name: str, raw: Any) -> Match:
    payout = text(name, raw)

    def match(account: Account, transaction: StripeObject) -> bool:
        found = account.find("payout", payout)
        if found is None:
            raise StripeRefusal(404, f"No such payout: '{payout}'", code="resource_missing", param="payout")
        if not found["automatic"]:
            message = "Balance transaction history can only be filtered on automatic transfers, not manual."
            raise StripeRefusal(400, message, param="payout")
        if found["reconciliation_status"] != "completed":
            return bool(transaction["id"] == found["balance_transaction"])
        return transaction["id"] in account.payout_members[payout]

    return match


def _subscription_status(name: str, raw: Any) -> Match:
    wanted = text(name, raw)
    if wanted == "all":
        return lambda account, thing: True
    shown = {"canceled", "incomplete_expired"} if wanted == "ended" else {wanted}
    return lambda account, thing: thing["status"] in shown


def _event_type(name: str, raw: Any) -> Match:
    wanted = text(name, raw)
    stem, star, _ = wanted.partition("*")
    return lambda account, thing: thing["type"].startswith(stem) if star else thing["type"] == wanted


def _delivered(name: str, raw: Any) -> Match:
    wanted = boolean(name, raw)
    return lambda account, thing: (thing["pending_webhooks"] == 0) == wanted


def _deleted(account: Account, thing: StripeObject, query: Query) -> bool:
    return bool(thing.get("deleted"))


def _inactive(account: Account, thing: StripeObject, query: Query) -> bool:
    return "active" not in query and not thing["active"]


def _canceled(account: Account, thing: StripeObject, query: Query) -> bool:
    return "status" not in query and thing["status"] in ("canceled", "incomplete_expired")


def expired(account: Account, thing: StripeObject, query: Query) -> bool:
    """Events live 30 days."""
    return bool(thing["created"] < (account.now - EVENTS_KEPT).timestamp())


def _by(*fields: str) -> dict[str, Filter]:
    return {name: equals(name) for name in fields}


_ITEM = ("items", "data")

RESOURCES = {
    resource.path: resource
    for resource in (
        Resource("balance_transactions", "balance_transaction", "rak_balance_read",
                 _by("currency", "source", "type") | {"payout": _in_payout}),
        Resource("charges", "charge", "rak_charge_read", _by("customer", "payment_intent", "transfer_group")),
        Resource("refunds", "refund", "rak_charge_read", _by("charge", "payment_intent")),
        Resource("disputes", "dispute", "rak_dispute_read", _by("charge", "payment_intent")),
        Resource("payouts", "payout", "rak_payout_read",
                 _by("destination", "status") | {"arrival_date": within("arrival_date")}),
        Resource("topups", "topup", "rak_topup_read", _by("status") | {"amount": within("amount")}),
        Resource("transfers", "transfer", "rak_transfer_read", _by("destination", "transfer_group")),
        Resource("application_fees", "application_fee", "rak_application_fee_read", _by("charge")),
        Resource("checkout/sessions", "checkout.session", "rak_checkout_session_read",
                 _by("customer", "customer_account", "payment_intent", "payment_link", "status", "subscription")
                 | {"customer_details": nested(email=equals("customer_details", "email"))}),
        Resource("coupons", "coupon", "rak_coupon_read", {}),
        Resource("payment_intents", "payment_intent", "rak_payment_intent_read", _by("customer", "customer_account")),
        Resource("customers", "customer", "rak_customer_read", _by("email", "test_clock"), _deleted),
        Resource("invoices", "invoice", "rak_invoice_read",
                 _by("collection_method", "customer", "customer_account", "status")
                 | {"due_date": within("due_date"),
                    "subscription": equals("parent", "subscription_details", "subscription")}),
        Resource("invoice_payments", "invoice_payment", "rak_invoice_read",
                 _by("invoice", "status")
                 | {"payment": nested(type=equals("payment", "type"),
                                      payment_intent=equals("payment", "payment_intent"),
                                      payment_record=equals("payment", "payment_record"))}),
        Resource("credit_notes", "credit_note", "rak_credit_note_read",
                 _by("customer", "customer_account", "invoice")),
        Resource("subscriptions", "subscription", "rak_subscription_read",
                 _by("collection_method", "customer", "customer_account", "test_clock")
                 | {"automatic_tax": nested(enabled=flag("automatic_tax", "enabled")),
                    "current_period_end": within(*_ITEM, "current_period_end"),
                    "current_period_start": within(*_ITEM, "current_period_start"),
                    "plan": equals(*_ITEM, "plan", "id"),
                    "price": equals(*_ITEM, "price", "id"),
                    "status": _subscription_status}, _canceled),
        Resource("products", "product", "rak_product_read",
                 _by("type", "url") | {"active": flag("active"), "ids": among("id"), "shippable": flag("shippable")}),
        Resource("prices", "price", "rak_plan_read",
                 _by("currency", "product", "type")
                 | {"active": flag("active"), "lookup_keys": among("lookup_key", most=10),
                    "recurring": nested(interval=equals("recurring", "interval"),
                                        meter=equals("recurring", "meter"),
                                        usage_type=equals("recurring", "usage_type"))}, _inactive),
        Resource("tax_rates", "tax_rate", "rak_tax_rate_read",
                 {"active": flag("active"), "inclusive": flag("inclusive")}, _inactive),
        Resource("events", "event", "rak_event_read",
                 {"type": _event_type, "types": among("type", most=20), "delivery_success": _delivered}, expired),
    )
}  # fmt: skip
"""Path under /v1 -> collection."""

PERMISSION = {resource.kind: resource.permission for resource in RESOURCES.values()}
"""Type -> permission that reading it needs."""
