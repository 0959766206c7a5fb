"""Payments that failed, told on the customer in Fortnox where the company wishes it: a line among the comments.

Only customers that are in Fortnox anyway are told of. Comments are people's own notes, too: lines are added, never
replaced, and where there is no room the oldest of our own lines go first. Booked invoices cannot be changed in Fortnox,
so nothing is written on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fortstripe_dagster import fortnox
from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.delivery.documents.desired import FailedPayment
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.money import to_decimal

LONGEST = 1024
"""Characters that Fortnox takes as a customer's comments."""
_OURS = "Stripe: "


class NoRoom(Exception):
    """People's own notes fill a customer's comments."""


def documents(failed: Iterable[FailedPayment], journal: Journal) -> list[Document]:
    """A comment for each failed payment of a customer that is in Fortnox, unless it was written."""
    wanted = {f"comment:{each.charge}": each for each in failed}
    customers = {f"customer:{each.customer}" for each in wanted.values()}
    known, written = history.finished(journal, customers), history.finished(journal, wanted)
    return [
        _document(name, each)
        for name, each in sorted(wanted.items())
        if name not in written and f"customer:{each.customer}" in known
    ]


def body(document: Document, comments: str) -> dict[str, Any]:
    """The customer's comments with the new line after those that are there. Raises NoRoom."""
    line = fortnox.clean(document.content["line"], LONGEST)
    lines = [] if says(document, comments) else [line]
    kept = [each for each in comments.splitlines() if each.strip()]
    while len("\n".join([*kept, *lines])) > LONGEST:
        ours = next((place for place, each in enumerate(kept) if each.startswith(_OURS)), None)
        if ours is None:
            raise NoRoom
        del kept[ours]
    told = fortnox.Customer(name="-", comments="\n".join([*kept, *lines]))
    return {"Customer": {"Comments": told.content()["Comments"]}}


def says(document: Document, comments: str) -> bool:
    """Whether the comments hold the line of this payment."""
    return document.content["charge"] in comments


def _document(name: str, failed: FailedPayment) -> Document:
    amount = f"{to_decimal(failed.amount, failed.currency)} {failed.currency}".replace(".", ",")
    reason = f" ({failed.reason})" if failed.reason else ""
    moment = failed.at.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M")
    customer = f"customer:{failed.customer}"
    return Document(
        document_id=name,
        kind="comment",
        day=failed.day,
        description=f"Misslyckad betalning {failed.charge}, {amount}",
        depends_on=(customer,),
        content={
            "customer": customer,
            "charge": failed.charge,
            "line": f"{_OURS}{moment} betalning {amount} misslyckades{reason}, {failed.charge}",
        },
        books={"charge": failed.charge},
    )
