"""Closed periods: which documents may not carry their own date in Fortnox, and where they go instead.

A period is closed by Fortnox's lock, by the bookkeeper's `closed_until`, and for what changes the VAT return also by
`vat_filed_until`. A document is moved only where the company's policy says so, and then it tells the day on which it
really happened: its `day` stays, `booked_on` is the first open day. Otherwise it is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fortstripe_dagster.delivery.documents.documents import Document, Held, held
from fortstripe_dagster.delivery.documents.vouchers import short
from fortstripe_dagster.delivery.planning.preflight import Company, accounts_of
from fortstripe_dagster.settings import Settings


@dataclass(frozen=True)
class _Closed:
    """The last closed day, who closed it (for people), and what opens it again."""

    until: date
    by: str
    opening: str


def place(documents: Iterable[Document], company: Company, settings: Settings) -> tuple[list[Document], list[Held]]:
    """The documents that may go, those that the policy moves with their new date; and those that are held."""
    placed: list[Document] = []
    stopped: list[Held] = []
    for document in documents:
        vat = document.posts and changes_vat(document, company)
        closed = _closed(company, settings, vat=vat) if document.posts else None
        if closed is None or document.booked_on > closed.until:
            placed.append(document)
            continue
        moved = _moved(document, closed, company, settings, vat=vat)
        if isinstance(moved, Document):
            placed.append(moved)
        else:
            stopped.append(moved)
    return placed, stopped


def changes_vat(document: Document, company: Company) -> bool:
    """Whether a document changes a box of the VAT return, as far as its lines and its accounts' VAT codes tell."""
    if document.kind in ("invoice", "credit_invoice"):
        return True
    if any(line.vat_rate is not None for part in document.parts for line in part.lines):
        return True
    year = company.year(document.day)
    accounts = year.accounts if year is not None else {}
    return any(number in accounts and accounts[number].vat_code for number in accounts_of(document))


def _closed(company: Company, settings: Settings, *, vat: bool) -> _Closed | None:
    """What closes the most days, for documents with or without VAT."""
    filed = settings.vat_filed_until if vat else None
    reasons = [
        _Closed(until, by, opening)
        for until, by, opening in (
            (
                company.locked_until,
                "Fortnox's books are locked up to",
                "unlock the period in Fortnox (Inställningar, Bokföring)",
            ),
            (settings.closed_until, "The books are closed (closed_until) up to", "set closed_until to an earlier day"),
            (filed, "The VAT return is filed (vat_filed_until) up to", "set vat_filed_until to an earlier day"),
        )
        if until is not None
    ]
    return max(reasons, key=lambda closed: closed.until, default=None)


def _moved(document: Document, closed: _Closed, company: Company, settings: Settings, *, vat: bool) -> Document | Held:
    reason, policy = f"{closed.by} {closed.until}.", settings.locked_period
    first_open = closed.until + timedelta(days=1)
    if document.sealed_hash is not None:
        return held(
            document, f"{reason} It was begun before.", f"{closed.opening}, sync {document.day} again, and close it."
        )
    if vat and policy.vat == "hold":
        return held(
            document,
            f"{reason} It changes the VAT of that period.",
            f"{closed.opening}, sync {document.day} again, file a corrected VAT return and close the period; or let "
            'locked_period.vat = "first_open_day" report it in the open period.',
        )
    year = company.year(document.day)
    if not (year is not None and year.first <= first_open <= year.last) and policy.other_year == "hold":
        return held(
            document,
            f"{reason} The first open day, {first_open}, is in another financial year.",
            f'{closed.opening} and sync {document.day} again, or set locked_period.other_year = "first_open_day".',
        )
    if not vat and policy.no_vat == "hold":
        return held(
            document,
            reason,
            f'{closed.opening} and sync {document.day} again, or set locked_period.no_vat = "first_open_day".',
        )
    return _dated(document, first_open)


def _dated(document: Document, first_open: date) -> Document:
    """The document dated the first open day, with the day on which it happened in its text."""
    happened = f"Händelsedag {document.day}, då stängd period."
    content = {**document.content, "booked_on": first_open.isoformat()}
    if document.kind in ("invoice", "credit_invoice"):
        content["note"] = "\n".join(filter(None, (document.content.get("note"), happened)))
    return replace(
        document,
        description=short(f"{happened} {document.description}") if document.kind == "voucher" else document.description,
        content=content,
        books={**document.books, "booked_on": first_open.isoformat()},
    )
