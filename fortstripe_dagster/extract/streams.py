"""What is read from Stripe: one row for each stream. Everything else in this folder works from this table.

Not read, because no figure in the books needs them: coupons and promotion codes (their amounts stand on each line; who
redeems gift cards by coupon gets the coupon with the discount), setup intents, payment methods. Reserves have no list
of their own: their balance transactions say all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Reach = Literal["window", "documents", "everything", "start_date", "feed"]
"""How far a list reaches beyond the days asked for.

window      not at all
documents   the first time, `stripe.document_lookback_days` back: an invoice is drafted long before it is paid, a
            customer comes before the first sale
everything  the first time, all there is: small catalogues that documents of any age refer to; later only while the
            feed of events, which names each new object, was interrupted
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
    counts_for: str | None = None
    """The stream that its elements are objects of, where they are kept for that, too."""


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
    """None: not listed for days, only fetched where something refers to it."""
    below: str = ""
    """Where its path does not end in its name: the path after /v1/."""
    lookback_days: int | None = None
    """How far `documents` reaches back; None: as far as the company's settings say."""
    params: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ({},)
    """Lists to read one after the other: Stripe hides inactive objects unless asked."""
    expand: tuple[str, ...] = ()
    sublists: tuple[Sublist, ...] = ()
    books_money: bool = False
    """An object that cannot be found stops the run, instead of being remembered as deleted."""
    without: str = ""
    """What the books do without if the company switches it off; empty: it cannot be switched off."""

    @property
    def path(self) -> str:
        """The list's path; an object's is below it."""
        return f"/v1/{self.below or self.name}"

    def list_params(self, more: Sequence[str] = ()) -> dict[str, Any]:
        """Parameters of every list request; `more` is expanded besides."""
        names = (*self.expand, *more)
        expand = {"expand": [f"data.{name}" for name in names]} if names else {}
        return {"limit": 100, **self.params, **expand}

    def object_params(self, more: Sequence[str] = ()) -> dict[str, Any]:
        """Parameters of a request by id, so that it answers what the list would."""
        names = [*self.expand, *more]
        return {"expand": names} if names else {}


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
    counts_for="balance_transactions",
)
CUSTOMER_CREDIT = Sublist(
    "customer_balance_transactions", "/v1/customers/{id}/balance_transactions", "customer_balance_transaction"
)
CHECKOUT_ITEMS = Sublist("checkout_line_items", "/v1/checkout/sessions/{id}/line_items", "item", "line_items")
TRANSFER_REVERSALS = Sublist("transfer_reversals", "/v1/transfers/{id}/reversals", "transfer_reversal", "reversals")
FEE_REFUNDS = Sublist("application_fee_refunds", "/v1/application_fees/{id}/refunds", "fee_refund", "refunds")

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
        ("customers", "customer_tax_ids", "customer_balance_transactions"),
        "documents",
        expand=("tax_ids",),
        sublists=(CUSTOMER_TAX_IDS, CUSTOMER_CREDIT),
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
    Stream(
        "checkout_sessions",
        "checkout.session",
        "rak_checkout_session_read",
        ("mode", "status", "payment_status", "payment_intent", "amount_total"),
        ("checkout_sessions", "checkout_line_items"),
        "documents",
        below="checkout/sessions",
        lookback_days=1,  # a session lives 24 hours: a payment's is at most a day older
        expand=("line_items",),
        sublists=(CHECKOUT_ITEMS,),
        without="what was bought in Checkout is known only from the payment's own description and metadata",
    ),
    Stream(
        "payment_intents",
        "payment_intent",
        "rak_payment_intent_read",
        ("amount", "currency", "status"),
        ("payment_intents",),
        None,
        without="tips taken on a terminal are booked as a part of the sale",
    ),
    Stream(
        "topups",
        "topup",
        "rak_top_up_read",
        ("amount", "currency", "status"),
        ("topups",),
        None,
        without="a top-up is known from its balance transaction only",
    ),
    Stream(
        "transfers",
        "transfer",
        "rak_transfer_read",
        ("amount", "currency", "destination", "reversals"),
        ("transfers", "transfer_reversals"),
        None,
        sublists=(TRANSFER_REVERSALS,),
        without="transfers to connected accounts are known from their balance transactions only",
    ),
    Stream(
        "application_fees",
        "application_fee",
        "rak_application_fee_read",
        ("amount", "currency", "account", "refunds"),
        ("application_fees", "application_fee_refunds"),
        None,
        sublists=(FEE_REFUNDS,),
        without="application fees are known from their balance transactions only",
    ),
)

STREAMS: dict[str, Stream] = {stream.name: stream for stream in _ROWS}
LISTED: tuple[str, ...] = tuple(stream.name for stream in _ROWS if stream.reach is not None)
"""The listed streams in the order in which a run reads them: events first, so that all that follows is newer."""

SUBLISTS: dict[str, tuple[Stream, Sublist]] = {
    sublist.name: (stream, sublist) for stream in _ROWS for sublist in stream.sublists
}

COUPONS: Mapping[str, tuple[str, ...]] = {
    "invoices": ("discounts.source.coupon",),
    "checkout_sessions": ("discounts.coupon",),
}
"""What is expanded besides, by stream, where the company redeems gift cards by coupon."""
COUPONS_OF_ONE: Mapping[str, tuple[str, ...]] = {
    **COUPONS,
    "invoices": (*COUPONS["invoices"], "total_discount_amounts.discount.source.coupon"),
}
"""The same where one object is read by id: a discount that stands on the customer or on a line alone is named there, a
level deeper than a list may expand."""
