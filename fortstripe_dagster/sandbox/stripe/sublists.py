"""Lists that belong to one object: its lines, its tax ids, what took it back. Path, type and filters, as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.resources import Filter, equals, within
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

Rows = Callable[[Account, StripeObject], list[StripeObject]]


@dataclass(frozen=True)
class Sublist:
    """One list below /v1/{parent}/{id}."""

    parent: str
    name: str
    kind: str
    rows: Rows
    """All of them, in the order in which Stripe shows them."""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    retrievable: bool = False
    """Whether one of them can be asked for by id."""


def _lines(account: Account, document: StripeObject) -> list[StripeObject]:
    return account.lines[document["id"]]


def _newest(kind: str, field: str) -> Rows:
    return lambda account, parent: account.referring(kind, field, parent["id"])[::-1]


SUBLISTS = {
    (sublist.parent, sublist.name): sublist
    for sublist in (
        Sublist("invoices", "lines", "line_item", _lines),
        Sublist("credit_notes", "lines", "credit_note_line_item", _lines),
        Sublist("checkout/sessions", "line_items", "item", _lines),
        Sublist("customers", "tax_ids", "tax_id", lambda account, customer: account.tax_ids[customer["id"]][::-1]),
        Sublist(
            "customers",
            "balance_transactions",
            "customer_balance_transaction",
            _newest("customer_balance_transaction", "customer"),
            {"created": within("created"), "invoice": equals("invoice")},
            retrievable=True,
        ),
        Sublist("transfers", "reversals", "transfer_reversal", _newest("transfer_reversal", "transfer"), {}, True),
        Sublist("application_fees", "refunds", "fee_refund", _newest("fee_refund", "fee"), {}, True),
    )
}
"""(path of the parent's collection, name) -> list."""
