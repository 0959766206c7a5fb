"""`fortstripe adopt --document … --voucher …`: what a person booked in Fortnox by hand counts as ours.

It must say what our document would say: the same day, the same amounts on the same accounts. That document may be one
that is planned, held or awaits approval, or the correction of one in Fortnox that was left to a person.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents import vouchers
from fortstripe_dagster.delivery.documents.bodies import MARK
from fortstripe_dagster.delivery.documents.documents import Document, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.journal.history import BY_HAND
from fortstripe_dagster.delivery.journal.journal import Journal, Request
from fortstripe_dagster.delivery.journal.mirror import publish
from fortstripe_dagster.delivery.planning.plan import Draft, draft
from fortstripe_dagster.delivery.sending.connection import connect, explained
from fortstripe_dagster.delivery.sending.deliver import prepare
from fortstripe_dagster.delivery.sending.steps import Context
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox, Refused, path
from fortstripe_dagster.fortnox.values import as_decimal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

_VOUCHER = re.compile(r"([A-Za-zÅÄÖåäö][A-Za-zÅÄÖåäö0-9]*?)[ -]?(\d+)")
_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")


def adopt_by_hand(
    settings: Settings,
    warehouse: Warehouse,
    document_id: str,
    voucher: str,
    reason: str,
    who: str,
    *,
    fortnox: Fortnox | None = None,
) -> str:
    """Take a voucher (`A123`) of Fortnox for a document of ours; a line that says what was done.

    Writes nothing to Fortnox. Raises Failure where there is nothing to adopt, or the two say different things, which it
    names; DeliveryStopped when Fortnox cannot be read.
    """
    series, number = _parsed(voucher)
    client = fortnox or connect(settings)
    with Journal(settings.journal_path) as journal, journal.delivering():
        day = _day_of(warehouse, document_id)
        days = Days(day, day)
        with explained():
            context = prepare(settings, journal, client, days, run_id := uuid.uuid4().hex)
            document = _wanted(draft(settings, warehouse, journal, days), document_id, settings)
            record = _read(context, series, number, document)
        _refuse_if_known(journal, record)
        _compare(document, record)
        sealed = replace(document, content={**document.content, "series": str(record["VoucherSeries"])})
        journal.order(document.document_id, "adopt", reason, who)
        intent = journal.intend(sealed, "create", Request("POST", ""), run_id, BY_HAND)
        journal.answer(intent.intent, "found", number=str(record["VoucherNumber"]), body={"Voucher": record})
        publish(journal, warehouse)
    return f"{document.document_id} is voucher {record['VoucherSeries']}{record['VoucherNumber']} of {day} from now on."


def _parsed(voucher: str) -> tuple[str, int]:
    found = _VOUCHER.fullmatch(voucher.strip())
    if found is None:
        raise Failure(f"{voucher!r} is no voucher.", "name it by series and number, e.g. A123.")
    return found[1].upper(), int(found[2])


def _day_of(warehouse: Warehouse, document_id: str) -> date:
    """The day of a document that the last delivery or its plan told of, or that stands in its id."""
    with warehouse.writer() as connection:
        rows = (
            connection.execute("SELECT day FROM delivery.documents WHERE document_id = ?", [document_id]).fetchall()
            if has_table(connection, "delivery.documents")
            else []
        )
    if rows and rows[0][0] is not None:
        day: date = rows[0][0]
        return day
    named = _DAY.search(document_id)
    if named is None:
        raise Failure(f"Nothing is known of {document_id}.", "name a document as `fortstripe plan` shows it.")
    return date.fromisoformat(named[1])


def _wanted(drafted: Draft, document_id: str, settings: Settings) -> Document:
    """The voucher that would be sent, or the one that would correct what was left to a person."""
    for document in drafted.documents:
        if document.document_id == document_id and document.kind == "voucher" and document.sealed_hash is None:
            return document
    for item in drafted.held:
        if item.document_id == document_id and item.difference:
            return Document(
                document_id=f"voucher:{item.day}:{document_id}:{item.content_hash}",
                kind="voucher",
                day=item.day,
                description=f"Rättelse för hand: {document_id.partition(':')[2]}",
                parts=(Part(item.entry_ids[0], item.difference),),
                content={
                    "rows": vouchers.rows(item.difference, settings),
                    "reposts": document_id.partition(":")[2],
                },
            )
    raise Failure(
        f"{document_id} is no voucher that Fortnox lacks, and no correction that was left to a person.",
        "`fortstripe plan` lists both; sync its day first if it is new.",
    )


def _read(context: Context, series: str, number: int, document: Document) -> Mapping[str, Any]:
    year = context.company.year(document.booked_on)
    if year is None:
        raise Failure(f"Fortnox has no financial year for {document.booked_on}.", "add the year in Fortnox.")
    try:
        record: Mapping[str, Any] = context.fortnox.get(path("vouchers", series, number), {"financialyear": year.id})[
            "Voucher"
        ]
    except Refused as error:
        if error.status != 404:
            raise
        raise Failure(
            f"Fortnox has no voucher {series}{number} in the year of {document.booked_on}.", "name another one."
        ) from None
    return record


def _refuse_if_known(journal: Journal, record: Mapping[str, Any]) -> None:
    """One voucher stands for one document of ours."""
    comments = str(record.get("Comments") or "")
    rows = journal.rows(
        "SELECT s.document_id FROM seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
        " WHERE s.packaging = ? AND a.number = ? AND json_extract(a.body, '$.Voucher.VoucherSeries') = ?"
        " AND json_extract(a.body, '$.Voucher.Year') = ?",
        [BY_HAND, str(record["VoucherNumber"]), record["VoucherSeries"], record.get("Year")],
    )
    ours = rows[0]["document_id"] if rows else comments.removeprefix(MARK) if comments.startswith(MARK) else None
    if ours is not None:
        raise Failure(
            f"Voucher {record['VoucherSeries']}{record['VoucherNumber']} is {ours} already.", "name another voucher."
        )


def _compare(document: Document, record: Mapping[str, Any]) -> None:
    """Raise Failure with every difference between what the document would say and what the voucher says."""
    found: list[str] = []
    if str(record["TransactionDate"]) != document.booked_on.isoformat():
        found.append(f"the day is {record['TransactionDate']}, not {document.booked_on}")
    said = _sums(
        (str(row["Account"]), (as_decimal(row.get("Debit")) or 0) - (as_decimal(row.get("Credit")) or 0))
        for row in record["VoucherRows"]
        if not row.get("Removed")
    )
    wanted = _sums(
        (row["account"], amount(row.get("debit", 0)) - amount(row.get("credit", 0))) for row in document.content["rows"]
    )
    by_ledger = _sums((line.account, line.amount) for part in document.parts for line in part.lines)
    if said not in (wanted, by_ledger):
        found += [
            f"account {account} has {said.get(account, Decimal(0)):.2f}, not {wanted.get(account, Decimal(0)):.2f}"
            for account in sorted({*said, *wanted})
            if said.get(account) != wanted.get(account)
        ]
    if found:
        raise Failure(
            f"Voucher {record['VoucherSeries']}{record['VoucherNumber']} does not say what {document.document_id} says:"
            f" {'; '.join(found)}.",
            "correct it in Fortnox by another voucher and adopt one that says all, or reverse it and apply ours.",
        )


def _sums(rows: Iterable[tuple[str, Any]]) -> dict[str, Decimal]:
    """Kronor by account, debit positive, without what comes to nothing."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for account, value in rows:
        sums[account] += value
    return {account: total for account, total in sums.items() if total}
