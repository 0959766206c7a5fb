"""What the journal tells: which entries are sealed in which documents, how far each document has come, what it became.

Only firm seals count (see `journal.sql`): a document all of whose requests were refused is as if it had never been.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import REVERSAL, STEPS, Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount, dumps, loads
from fortstripe_dagster.delivery.journal.journal import Journal

BY_HAND = "by hand"
"""Packaging of what a person booked in Fortnox and had us adopt."""


@dataclass(frozen=True)
class Sealed:
    """An entry's assignment: what a document already says of it. Lines are kronor."""

    entry_id: str
    document_id: str
    kind: str
    day: date
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Refusal:
    """The last refusal of a document's step."""

    step: str
    code: int | None
    message: str


@dataclass(frozen=True)
class Progress:
    """How far a document has come: Fortnox's answers by step, and the step that was refused last, if it still is."""

    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    in_doubt: bool = False
    refusal: Refusal | None = None

    @property
    def number(self) -> str | None:
        """Fortnox's number for the document, once it was created."""
        return self.numbers.get("create")


def sealed_entries(journal: Journal, entry_ids: Iterable[str], days: Days) -> dict[str, list[Sealed]]:
    """Every assignment of these entries, and of all entries in documents of these days, by entry id."""
    found = journal.rows(
        "SELECT e.entry_id, e.day, e.lines, s.document_id, s.kind FROM sealed_entries e JOIN firm_seals s USING (seal)"
        " WHERE e.entry_id IN (SELECT value FROM json_each(?)) OR e.day BETWEEN ? AND ? ORDER BY e.seal",
        [dumps(sorted(entry_ids)), days.first.isoformat(), days.last.isoformat()],
    )
    by_entry: dict[str, list[Sealed]] = defaultdict(list)
    for row in found:
        by_entry[row["entry_id"]].append(
            Sealed(
                row["entry_id"], row["document_id"], row["kind"], date.fromisoformat(row["day"]), _lines(row["lines"])
            )
        )
    return dict(by_entry)


def sealed_documents(journal: Journal, days: Days) -> list[Document]:
    """The documents of these days that Fortnox has or may have, in the order in which they were sealed."""
    return _documents(journal, "s.day BETWEEN ? AND ? ORDER BY s.seal", [days.first.isoformat(), days.last.isoformat()])


def sealed_by_id(journal: Journal, document_ids: Iterable[str]) -> dict[str, Document]:
    """These documents as they were sealed."""
    wanted = dumps(sorted(document_ids))
    found = _documents(journal, "s.document_id IN (SELECT value FROM json_each(?))", [wanted])
    return {document.document_id: document for document in found}


def kinds_of_entries(journal: Journal, entry_ids: Iterable[str]) -> dict[str, str]:
    """The kind of the document in which each of these entries first went, for those that have gone."""
    rows = journal.rows(
        "SELECT e.entry_id, s.kind FROM sealed_entries e JOIN firm_seals s USING (seal)"
        " WHERE e.entry_id IN (SELECT value FROM json_each(?)) ORDER BY e.seal DESC",
        [dumps(sorted(entry_ids))],
    )
    return {row["entry_id"]: row["kind"] for row in rows}


def newest_invoices(journal: Journal, entry_ids: Iterable[str]) -> dict[str, str]:
    """The newest invoice or credit invoice of entries that had more than one, by the id of the first."""
    rows = journal.rows(
        "SELECT e.entry_id, s.document_id FROM sealed_entries e JOIN firm_seals s USING (seal)"
        " WHERE e.entry_id IN (SELECT value FROM json_each(?)) AND s.kind IN ('invoice', 'credit_invoice')"
        f" AND s.document_id NOT LIKE '%{REVERSAL}' ORDER BY e.seal",
        [dumps(sorted(entry_ids))],
    )
    by_entry: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_entry[row["entry_id"]].append(row["document_id"])
    return {ids[0]: ids[-1] for ids in by_entry.values() if len(ids) > 1}


def progress(journal: Journal, document_ids: Iterable[str]) -> dict[str, Progress]:
    """How far each of these documents has come; one that was never sent is left out."""
    rows = journal.rows(
        "SELECT i.document_id, i.step, a.intent IS NULL AS open, a.outcome, a.number, a.code, a.body"
        " FROM intents i LEFT JOIN answers a USING (intent)"
        " WHERE i.document_id IN (SELECT value FROM json_each(?)) ORDER BY i.intent",
        [dumps(sorted(document_ids))],
    )
    return _progress(rows)


def finished(journal: Journal, document_ids: Iterable[str]) -> set[str]:
    """Those of the documents that need nothing more: every step took effect, or the customer was there already."""
    wanted = dumps(sorted(document_ids))
    done: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in journal.rows(
        "SELECT s.document_id, s.kind, i.step FROM seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
        " WHERE a.outcome IN ('done', 'found') AND s.document_id IN (SELECT value FROM json_each(?))",
        [wanted],
    ):
        done[row["document_id"], row["kind"]].add(row["step"])
    complete = {document_id for (document_id, kind), steps in done.items() if steps >= set(STEPS[kind])}
    matched = journal.rows(
        "SELECT document_id FROM matches WHERE document_id IN (SELECT value FROM json_each(?))", [wanted]
    )
    return complete | {row["document_id"] for row in matched}


def number(journal: Journal, document_id: str) -> str | None:
    """Fortnox's number of a document, once it was created."""
    return progress(journal, [document_id]).get(document_id, Progress()).number


def invoices_of_number(journal: Journal, invoice_number: str) -> list[str]:
    """The invoice that Fortnox has under a number, if it is one of ours."""
    rows = journal.rows(
        "SELECT s.document_id FROM firm_seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
        " WHERE s.kind = 'invoice' AND i.step = 'create' AND a.number = ?",
        [invoice_number],
    )
    return [row["document_id"] for row in rows]


def customer_number(journal: Journal, document_id: str) -> str | None:
    """The number under which a customer stands in Fortnox: matched, or created by us."""
    matched = journal.rows("SELECT number FROM matches WHERE document_id = ?", [document_id])
    if matched:
        return str(matched[0]["number"])
    return progress(journal, [document_id]).get(document_id, Progress()).number


def settled(journal: Journal, target: str) -> Decimal:
    """What payments so far take off the receivable of an invoice or credit invoice: kronor, the ledger's figures."""
    payments = payments_of(journal, target)
    came = progress(journal, payments)
    return sum((taken for name, taken in payments.items() if "create" in came[name].answers), Decimal(0))


def payments_of(journal: Journal, target: str) -> dict[str, Decimal]:
    """The payments of an invoice or credit invoice that were sent or may have been, and what each takes off it."""
    rows = journal.rows(
        "SELECT s.document_id, s.content FROM firm_seals s WHERE s.kind = 'payment'"
        " AND json_extract(s.content, '$.target') = ?",
        [target],
    )
    return {row["document_id"]: amount(loads(row["content"])["receivable"]) for row in rows}


def _documents(journal: Journal, where: str, parameters: list[object]) -> list[Document]:
    rows = journal.rows(f"SELECT s.* FROM firm_seals s WHERE {where}", parameters)
    parts: dict[int, list[Part]] = defaultdict(list)
    for part in journal.rows(
        "SELECT seal, entry_id, lines FROM sealed_entries WHERE seal IN (SELECT value FROM json_each(?))"
        " ORDER BY rowid",
        [dumps([row["seal"] for row in rows])],
    ):
        parts[part["seal"]].append(Part(part["entry_id"], _lines(part["lines"])))
    return [
        Document(
            document_id=row["document_id"],
            kind=row["kind"],
            day=date.fromisoformat(row["day"]),
            description=row["description"],
            parts=tuple(parts[row["seal"]]),
            depends_on=tuple(loads(row["depends_on"])),
            content=loads(row["content"]),
            rule_version=row["rule_version"],
            sealed_hash=row["content_hash"],
        )
        for row in rows
    ]


def _progress(rows: list[sqlite3.Row]) -> dict[str, Progress]:
    answers: dict[str, dict[str, Any]] = defaultdict(dict)
    numbers: dict[str, dict[str, str]] = defaultdict(dict)
    refusals: dict[str, Refusal | None] = {}
    doubtful: set[str] = set()
    for row in rows:
        document_id, step = row["document_id"], row["step"]
        if row["open"]:
            doubtful.add(document_id)
        elif row["outcome"] in ("done", "found"):
            answers[document_id][step] = loads(row["body"]) if row["body"] else {}
            if row["number"] is not None:
                numbers[document_id][step] = row["number"]
            refusals[document_id] = None
        elif row["outcome"] == "refused":
            refusals[document_id] = Refusal(step, row["code"], row["body"] or "")
    return {
        document_id: Progress(
            answers.get(document_id, {}),
            numbers.get(document_id, {}),
            document_id in doubtful,
            refusals.get(document_id),
        )
        for document_id in {row["document_id"] for row in rows}
    }


def _lines(text: str) -> tuple[Line, ...]:
    return tuple(
        Line(account, amount(value), None if rate is None else amount(rate), *others)
        for account, value, rate, *others in loads(text)
    )
