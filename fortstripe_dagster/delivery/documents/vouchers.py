"""Voucher documents: how entries are summed up to one voucher a day, currency and kind, and what it is called.

Receivables of sales without an invoice stand on an account of their own, netted: a sale that was paid the same day
leaves nothing there. On all other accounts debit and credit stay apart, and so does each VAT treatment, cost centre
and project.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.documents.documents import Document, Entry, Line, Part
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import clean
from fortstripe_dagster.settings import Settings

GROUPS = {
    "sale": "sales",
    "cash_sale": "sales",
    "payment": "sales",
    "advance_settled": "sales",
    "payment_failed": "sales",
    "advance_vat": "sales",
    "advance_vat_settled": "sales",
    "credit_balance": "sales",
    "paid_outside": "sales",
    "credit_granted": "sales",
    "sale_credit": "refunds",
    "credit": "refunds",
    "refund": "refunds",
    "refund_failed": "refunds",
    "capture_reversal": "refunds",
    "credit_to_balance": "refunds",
    "credit_outside": "refunds",
    "fee": "fees",
    "fee_vat": "fees",
    "deferral": "deferral",
    "deferral_release": "deferral",
    "deferral_credit": "deferral",
    "revaluation": "revaluation",
    "dispute": "disputes",
    "dispute_won": "disputes",
    "dispute_lost": "disputes",
    "reserve": "reserves",
    "seller_paid": "connect",
    "seller_repaid": "connect",
    "commission": "connect",
    "commission_refund": "connect",
    "customer_funds": "others",
    "issuing": "others",
    "climate": "others",
    "financing": "others",
    "suspense": "suspense",
}
"""Kinds of entry that share a voucher of the day."""

OPENING = frozenset({"opening", "opening_receivable", "opening_deferred"})
"""Kinds of entry that say what stood open when the books begin: a voucher each, after a person approved it."""

SINGLE = {
    "payout": "created",
    "payout_failed": "failed",
    "payout_arrived": "arrived",
    "payout_returned": "returned",
    "topup": "received",
    "topup_reversed": "reversed",
    "topup_sent": "sent",
}
"""Kinds of entry with a voucher each, named after what happened to the payout or top-up."""

_TITLES = {
    "sales": "Stripe försäljning",
    "refunds": "Stripe återbetalningar",
    "fees": "Stripe avgifter",
    "deferral": "Stripe periodisering",
    "revaluation": "Stripe omvärdering",
    "disputes": "Stripe tvister",
    "reserves": "Stripe reserver",
    "connect": "Stripe Connect",
    "others": "Stripe övriga poster",
    "suspense": "Stripe okända poster",
    "created": "Stripe utbetalning",
    "failed": "Stripe misslyckad utbetalning",
    "arrived": "Stripe utbetalning till banken",
    "returned": "Stripe utbetalning i retur från banken",
    "received": "Stripe insättning",
    "reversed": "Stripe återförd insättning",
    "sent": "Stripe insättning från banken",
    "opening": "Stripe ingående saldo",
}
_COUNTED = {
    "sales": ("sale", "köp"),
    "refunds": ("refund", "återbetalningar"),
    "fees": ("fee", "avgifter"),
    "disputes": ("dispute", "tvister"),
    "suspense": ("suspense", "poster"),
}


_MOST_TEXT = 200

_Key = tuple[str, str, Decimal | None, str | None, str | None, str | None]
"""What makes a row of its own: account, side, VAT rate, treatment, cost centre, project."""


def base_id(entry: Entry, group: str | None = None) -> str:
    """The id of the voucher that an entry goes into. Raises Failure for a kind that nobody has placed."""
    if entry.kind in OPENING:
        return f"voucher:{entry.day}:{entry.entry_id}"
    if entry.kind in SINGLE:
        return f"voucher:{entry.day}:{entry.source}:{SINGLE[entry.kind]}"
    group = group or GROUPS.get(entry.kind)
    if group is None:
        raise Failure(
            f"Entry {entry.entry_id} is of a kind ({entry.kind}) that delivery does not know.",
            "this is a fault in fortstripe: report it with that id.",
        )
    return f"voucher:{entry.day}:{entry.settlement}:{group}"


def is_daily(document_id: str) -> bool:
    """Whether a voucher sums up a day's entries of a kind, rather than say one event."""
    _, _, _, *group = document_id.split(":")
    return bool(group) and group[0] in set(GROUPS.values())


def document(
    base: str,
    number: int,
    members: Sequence[tuple[Entry | None, Part]],
    settings: Settings,
    why_late: Callable[[date], str] = lambda _: "",
) -> Document | None:
    """The voucher `base`, or its supplement from number 2 on; None when nothing is left to book.

    `why_late` says why a day that was sent is supplemented.
    An entry is None where the ledger has taken it back: its part says the reversal.
    """
    posted = rows([line for _, part in members for line in part.lines], settings)
    if not posted:
        return None
    group, currency = _group_and_currency(base, members)
    day = base.split(":")[1]
    text = _TITLES[group] + (f" {base.split(':')[2]}" if group in SINGLE.values() else "")
    text = f"{text} {day} {currency}".rstrip()
    entries = [entry for entry, _ in members if entry is not None]
    if group in _COUNTED:
        kind, noun = _COUNTED[group]
        text += f", {sum(entry.kind == kind for entry in entries) or len(members)} {noun}"
    amends: dict[str, Any] = {}
    if number > 1:
        text += f" (tillägg {number})"
        amends = {"supplements": base, "because": why_late(date.fromisoformat(day))}
    return Document(
        document_id=base if number == 1 else f"{base}:{number}",
        kind="voucher",
        day=date.fromisoformat(day),
        description=text,
        parts=tuple(part for _, part in members),
        content={"rows": posted, "needs_approval": group == "opening", **amends},
        rule_version=next((entry.rule_version for entry in entries), ""),
    )


def short(text: str) -> str:
    """A description that Fortnox takes: lawful characters, not too many."""
    return clean(text, _MOST_TEXT, empty="Stripe")


def rows(lines: Sequence[Line], settings: Settings) -> list[dict[str, Any]]:
    """Rows of the voucher in the order of accounts, each either debit or credit."""
    receivable, own = settings.accounts.receivable, settings.accounts.voucher_receivable
    sums: dict[_Key, Decimal] = defaultdict(Decimal)
    left = Decimal(0)
    for line in lines:
        if line.account == receivable:
            left += line.amount
        else:
            side = "debit" if line.amount > 0 else "credit"
            sums[line.account, side, line.vat_rate, line.treatment, line.cost_center, line.project] += abs(line.amount)
    if left:
        sums[own, "debit" if left > 0 else "credit", None, None, None, None] += abs(left)
    shared = Counter((account, side) for account, side, *_ in sums)
    return [
        {"account": account, side: amount}
        # Only where the account alone does not tell them apart: it may refuse texts.
        | ({"text": _treatment_text(rate, treatment)} if shared[account, side] > 1 else {})
        | ({"cost_center": cost_center} if cost_center else {})
        | ({"project": project} if project else {})
        for (account, side, rate, treatment, cost_center, project), amount in sorted(
            sums.items(), key=lambda item: _order(item[0])
        )
    ]


def _order(key: _Key) -> tuple[str, bool, Decimal, str, str, str]:
    account, side, rate, treatment, cost_center, project = key
    return account, side == "credit", rate or Decimal(0), treatment or "", cost_center or "", project or ""


def _treatment_text(rate: Decimal | None, treatment: str | None) -> str:
    return " ".join(part for part in (treatment or "", "" if rate is None else f"{rate.normalize():f} %") if part)


def _group_and_currency(base: str, members: Sequence[tuple[Entry | None, Part]]) -> tuple[str, str]:
    _, _, third, fourth, *_ = base.split(":")
    if third == "opening":
        return "opening", fourth
    if fourth in SINGLE.values():
        return fourth, next((entry.settlement for entry, _ in members if entry is not None), "")
    return fourth, third
