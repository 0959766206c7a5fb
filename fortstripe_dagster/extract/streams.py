"""What is read from Stripe: one row for each stream. Everything else in this folder works from this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Reach = Literal["window", "documents", "everything", "start_date", "feed"]
"""How far a list reaches beyond the days asked for.

window      not at all
documents   the first time, `stripe.document_lookback_days` back: an invoice is drafted long before it is paid, a
            customer comes before the first sale
everything  the first time, all there is: small catalogues that documents of any age refer to
start_date  from the first booked day until now, always: the balance must be explained without a gap
feed        and all since the last reading, until now: what changed
"""


@dataclass(frozen=True)
class Sublist:
    """A list inside an object of which Stripe sends only the first ten, or that has an endpoint of its own.

    It is stored whole as one raw object with its parent's id.
    """

    name: str
    path: str
    object: str
    inside: str | None = None
    """Where the first ten stand in the parent; None if it is read by a rule of its own."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Query parameters; `{id}` is the parent."""
    keep: tuple[str, ...] = ()
    """Fields of the elements to store; empty: all."""


@dataclass(frozen=True)
class Stream:
    """One kind of object: where it is listed, what it must contain, which typed tables it fills."""

    name: str
    object: str
    permission: str
    needs: tuple[str, ...]
    """Fields without which the books would go wrong, though they may be null; the tables say which may not."""
    tables: tuple[str, ...]
    reach: Reach | None = "window"
    """None: never listed, only fetched by id."""
    params: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ({},)
    """Lists to read one after the other: Stripe hides inactive objects unless asked."""
    expand: tuple[str, ...] = ()
    sublists: tuple[Sublist, ...] = ()
    books_money: bool = False
    """An object that cannot be found stops the run, instead of being remembered as deleted."""

    @property
    def path(self) -> str:
        """The list's path; an object's is below it."""
        return f"/v1/{self.name}"

    def list_params(self) -> dict[str, Any]:
        """Parameters of every list request."""
        expand = {"expand": [f"data.{name}" for name in self.expand]} if self.expand else {}
        return {"limit": 100, **self.params, **expand}

    def object_params(self) -> dict[str, Any]:
        """Parameters of a request by id, so that it answers what the list would."""
        return {"expand": list(self.expand)} if self.expand else {}


BOTH = ({"active": "true"}, {"active": "false"})
INVOICE_LINES = Sublist("invoice_lines", "/v1/invoices/{id}/lines", "line_item", "lines")
CREDIT_NOTE_LINES = Sublist("credit_note_lines", "/v1/credit_notes/{id}/lines", "credit_note_line_item", "lines")
CUSTOMER_TAX_IDS = Sublist("customer_tax_ids", "/v1/customers/{id}/tax_ids", "tax_id", "tax_ids")
PAYOUT_MEMBERS = Sublist(
    "payout_members",
    "/v1/balance_transactions",
    "balance_transaction",
    params={"payout": "{id}"},
    keep=("id", "type", "source"),
)

_ROWS = (
    Stream("events", "event", "rak_event_read", ("type", "data"), ("events",), "feed"),
    Stream(
        "balance_transactions",
        "balance_transaction",
        "rak_balance_read",
        ("amount", "fee", "net", "currency", "type", "reporting_category", "source", "balance_type", "fee_details"),
        ("balance_transactions",),
        "start_date",
        books_money=True,
    ),
    Stream(
        "charges",
        "charge",
        "rak_charge_read",
        ("amount", "amount_captured", "amount_refunded", "currency", "customer", "payment_intent", "status"),
        ("charges",),
        books_money=True,
    ),
    Stream(
        "refunds",
        "refund",
        "rak_charge_read",
        ("amount", "currency", "charge", "status"),
        ("refunds",),
        books_money=True,
    ),
    Stream(
        "disputes",
        "dispute",
        "rak_dispute_read",
        ("amount", "currency", "charge", "status", "reason"),
        ("disputes",),
        books_money=True,
    ),
    Stream(
        "payouts",
        "payout",
        "rak_payout_read",
        ("amount", "currency", "arrival_date", "automatic", "status", "reconciliation_status"),
        ("payouts", "payout_members"),
        sublists=(PAYOUT_MEMBERS,),
        books_money=True,
    ),
    Stream(
        "customers",
        "customer",
        "rak_customer_read",
        (),
        ("customers", "customer_tax_ids"),
        "documents",
        expand=("tax_ids",),
        sublists=(CUSTOMER_TAX_IDS,),
    ),
    Stream(
        "invoices",
        "invoice",
        "rak_invoice_read",
        ("status", "customer", "currency", "total", "amount_due", "lines", "status_transitions"),
        ("invoices", "invoice_lines"),
        "documents",
        sublists=(INVOICE_LINES,),
    ),
    Stream(
        "invoice_payments",
        "invoice_payment",
        "rak_invoice_read",
        ("invoice", "payment", "amount_paid", "currency", "status"),
        ("invoice_payments",),
        "documents",
    ),
    Stream(
        "credit_notes",
        "credit_note",
        "rak_credit_note_read",
        ("invoice", "currency", "total", "status", "lines", "refunds"),
        ("credit_notes", "credit_note_refunds", "credit_note_lines"),
        "documents",
        sublists=(CREDIT_NOTE_LINES,),
    ),
    Stream(
        "subscriptions",
        "subscription",
        "rak_subscription_read",
        ("customer", "status"),
        ("subscriptions",),
        "documents",
        params={"status": "all"},
    ),
    Stream("products", "product", "rak_product_read", ("name", "active"), ("products",), "everything", variants=BOTH),
    Stream(
        "prices",
        "price",
        "rak_plan_read",
        ("product", "currency", "active"),
        ("prices",),
        "everything",
        variants=BOTH,
    ),
    Stream(
        "tax_rates",
        "tax_rate",
        "rak_tax_rate_read",
        ("percentage", "inclusive"),
        ("tax_rates",),
        "everything",
        variants=BOTH,
    ),
    Stream("topups", "topup", "rak_top_up_read", ("amount", "currency", "status"), ("topups",), None),
)

STREAMS: dict[str, Stream] = {stream.name: stream for stream in _ROWS}
LISTED: tuple[str, ...] = tuple(stream.name for stream in _ROWS if stream.reach is not None)
"""The listed streams in the order in which a run reads them: events first, so that all that follows is newer."""

SUBLISTS: dict[str, tuple[Stream, Sublist]] = {
    sublist.name: (stream, sublist) for stream in _ROWS for sublist in stream.sublists
}
