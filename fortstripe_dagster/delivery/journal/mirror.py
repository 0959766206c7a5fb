"""The journal in the warehouse, for SQL users and the proof: what each document became, and what stands in its way.

Only documents with something new since the last time are written again, in one short transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import AMENDING, STEPS, Document, Held
from fortstripe_dagster.delivery.documents.exact_json import amount, dumps
from fortstripe_dagster.delivery.journal import choice_sets, history
from fortstripe_dagster.delivery.journal.history import Progress
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.sending.steps import RESOURCES
from fortstripe_dagster.fortnox.values import as_decimal, as_int
from fortstripe_dagster.warehouse import Warehouse, has_table

MIRROR = files(__package__).joinpath("mirror.sql").read_text(encoding="utf-8")
TREATMENT_HISTORY = files(__package__).joinpath("treatment_history.sql").read_text(encoding="utf-8")
CHOSEN = ("choice_sets", "choice_changes", "replans")
TABLES = ("documents", "document_lines", "intents", "answers", "approvals", "orders", "forgotten", "runs", *CHOSEN)
_RUNS = "SELECT r.*, f.finished_at FROM runs r LEFT JOIN finished_runs f USING (run_id, started_at)"

MEMORY = "40MB"
"""What DuckDB may hold while it writes what a slice of documents became; what needs more gets it.

With all memory at hand it puts the ends of the tables together in larger pieces, the more the more was delivered.
"""


@dataclass(frozen=True)
class Standing:
    """What of a range of days is not in Fortnox, each with its status ("held", "waiting", …)."""

    days: Days
    items: tuple[tuple[str, Held | Document], ...]


def publish(journal: Journal, warehouse: Warehouse, standing: Standing | None = None) -> None:
    """Bring schema `delivery` up to date. `standing` replaces what was held for its days."""
    try:
        with warehouse.transaction() as connection:
            connection.execute(f"SET memory_limit = '{MEMORY}'")
            _bring_up_to_date(connection, journal, standing)
    except (duckdb.OutOfMemoryException, duckdb.TransactionException):  # the latter where the commit itself needed more
        with warehouse.transaction() as connection:
            _bring_up_to_date(connection, journal, standing)


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, journal: Journal, standing: Standing | None) -> None:
    _start_over_if_replaced(connection, journal)
    changed = _copy_requests(connection, journal)
    if standing is not None:
        changed |= {item.document_id for _, item in standing.items}
        changed |= _standing_before(connection, standing.days)
    _replace_documents(connection, journal, changed, dict(_by_id(standing)))
    for table in ("approvals", "orders", "forgotten", "runs", "choice_sets", "replans"):
        rows = journal.rows(_RUNS if table == "runs" else f"SELECT * FROM {table}")
        connection.execute(f"DELETE FROM delivery.{table}")
        _insert(connection, table, [tuple(row) for row in rows])
    connection.execute("DELETE FROM delivery.choice_changes")
    _insert(connection, "choice_changes", choice_sets.changes(journal))


def _start_over_if_replaced(connection: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    """Make the mirror anew when it shows another journal than this one, or tables of an older version."""
    first = journal.rows("SELECT run_id, started_at FROM runs ORDER BY rowid LIMIT 1")
    identity = " ".join(
        [hashlib.sha256((MIRROR + TREATMENT_HISTORY).encode()).hexdigest()[:16], *(first[0] if first else ())]
    )
    known = None
    if has_table(connection, "delivery.journal"):
        known = connection.execute("SELECT identity FROM delivery.journal").fetchone()
    newest = journal.rows("SELECT coalesce(max(intent), 0) FROM intents")[0][0]
    ahead = "SELECT coalesce(max(intent), 0) > ? FROM delivery.intents"
    if known != (identity,) or connection.execute(ahead, [newest]).fetchone() == (True,):
        for table in ("journal", *TABLES):
            connection.execute(f"DROP TABLE IF EXISTS delivery.{table}")
        connection.execute(MIRROR)
        connection.execute(TREATMENT_HISTORY)
        connection.execute("INSERT INTO delivery.journal VALUES (?)", [identity])


def _copy_requests(connection: duckdb.DuckDBPyConnection, journal: Journal) -> set[str]:
    """Copy new intents and answers; the ids of their documents."""
    known = connection.execute("SELECT coalesce(max(intent), 0) FROM delivery.intents").fetchall()
    intents = journal.rows(
        "SELECT intent, document_id, step, attempt, method, path, run_id, at FROM intents WHERE intent > ?",
        known[0],
    )
    _insert(connection, "intents", [tuple(row) for row in intents])
    unanswered = connection.execute(
        "SELECT intent FROM delivery.intents WHERE intent NOT IN (SELECT intent FROM delivery.answers)"
    ).fetchall()
    answers = journal.rows(
        "SELECT intent, outcome, status, number, code, at FROM answers"
        " WHERE intent IN (SELECT value FROM json_each(?))",
        [dumps([row[0] for row in unanswered])],
    )
    _insert(connection, "answers", [tuple(row) for row in answers])
    matched = journal.rows("SELECT document_id FROM matches")
    answered = [row["intent"] for row in answers]
    touched = connection.execute(
        "SELECT DISTINCT document_id FROM delivery.intents WHERE list_contains(?::BIGINT[], intent)", [answered]
    ).fetchall()
    return {row["document_id"] for row in intents} | {row[0] for row in touched} | {row[0] for row in matched}


def _standing_before(connection: duckdb.DuckDBPyConnection, days: Days) -> set[str]:
    rows = connection.execute(
        "SELECT document_id FROM delivery.documents WHERE status <> 'done' AND day BETWEEN ? AND ?",
        [days.first, days.last],
    ).fetchall()
    return {row[0] for row in rows}


def _by_id(standing: Standing | None) -> Iterable[tuple[str, tuple[str, Held | Document]]]:
    for status, item in standing.items if standing is not None else ():
        yield item.document_id, (status, item)


def _replace_documents(
    connection: duckdb.DuckDBPyConnection,
    journal: Journal,
    changed: set[str],
    standing: Mapping[str, tuple[str, Held | Document]],
) -> None:
    for table in ("documents", "document_lines"):
        connection.execute(
            f"DELETE FROM delivery.{table} WHERE document_id IN (SELECT unnest(?::VARCHAR[]))", [list(changed)]
        )
    sealed = history.sealed_by_id(journal, changed)
    progress = history.progress(journal, changed)
    matches = {row["document_id"]: row for row in journal.rows("SELECT * FROM matches")}
    seals = {
        row["document_id"]: row
        for row in journal.rows(
            "SELECT f.document_id, f.packaging, f.at, (SELECT max(a.at) FROM answers a JOIN intents i USING (intent)"
            "   WHERE i.seal = f.seal AND a.outcome IN ('done', 'found')) AS finished_at"
            " FROM firm_seals f WHERE f.document_id IN (SELECT value FROM json_each(?))",
            [dumps(sorted(changed))],
        )
    }
    rows: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for document_id in sorted(changed):
        document = sealed.get(document_id)
        status, item = standing.get(document_id, (None, None))
        if document is not None:
            seal = seals[document_id]
            came = progress[document_id]
            done = set(came.answers) >= set(STEPS[document.kind])
            rows.append(
                (*_identity(document, seal["packaging"]), *_state(came, done, status, item), *_fortnox(document, came),
                 seal["at"], seal["finished_at"] if done else None)
            )  # fmt: skip
            lines += _lines(document)
        elif document_id in matches:
            match = matches[document_id]
            rows.append(
                (document_id, document_id.split(":")[0], None, None, None, f"matched by {match['how']}", "[]", None,
                 "done", None, None, match["number"], *[None] * 10, match["at"], match["at"])
            )  # fmt: skip
        elif isinstance(item, Document):
            rows.append((*_identity(item, None), status, None, None, *[None] * 13))
            lines += _lines(item)
        elif item is not None:
            rows.append(
                (item.document_id, item.kind, item.day.isoformat(), None, None, None, dumps(item.entry_ids),
                 item.content_hash or None, status, item.reason, item.remedy, *[None] * 13)
            )  # fmt: skip
    _insert(connection, "documents", rows)
    _insert(connection, "document_lines", lines)


def _identity(document: Document, packaging: str | None) -> tuple[Any, ...]:
    return (
        document.document_id, document.kind, document.day.isoformat(), packaging, document.rule_version,
        document.description, dumps(document.entry_ids), document.content_hash,
    )  # fmt: skip


def _state(came: Progress, done: bool, status: str | None, item: Held | Document | None) -> tuple[Any, ...]:
    """Status, reason and remedy of a sealed document."""
    if done:
        return "done", None, None
    if came.in_doubt:
        return "in doubt", "The answer to a request was lost.", "run `fortstripe apply`: it is looked up first."
    if isinstance(item, Held):
        return status, item.reason, item.remedy
    refusal = came.refusal
    return "held", refusal.message if refusal else "It is not finished.", "sync its day again."


def _fortnox(document: Document, came: Progress) -> tuple[Any, ...]:
    """The columns from `fortnox_number` to `because`."""
    wrapper = RESOURCES[document.kind].wrapper
    created = came.answers.get("create", {}).get(wrapper, {})
    booked = came.answers.get("bookkeep", {}).get(wrapper, {})
    if document.kind == "voucher":
        voucher = (created.get("VoucherSeries"), created.get("VoucherNumber"), created.get("Year"))
    else:
        voucher = (booked.get("VoucherSeries"), booked.get("VoucherNumber"), booked.get("VoucherYear"))
    figures: tuple[Any, ...] = (None, None, None)
    if document.kind in ("invoice", "credit_invoice"):
        figures = tuple(as_decimal((booked or created).get(name)) for name in ("Total", "TotalVAT", "RoundOff"))
    target = created.get("InvoiceNumber") if document.kind == "payment" else None
    content = document.content
    amends = next((content[how] for how in AMENDING if how in content), None)
    amending = content.get("corrects"), amends, content.get("because")
    return came.number, target, voucher[0], as_int(voucher[1]), as_int(voucher[2]), *figures, *amending


def _lines(document: Document) -> list[tuple[Any, ...]]:
    return [
        (
            document.document_id, part.entry_id, document.day.isoformat(), line.account,
            max(line.amount, amount(0)), max(-line.amount, amount(0)), line.vat_rate,
        )
        for part in document.parts
        for line in part.lines
    ]  # fmt: skip


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows in the order of the table's columns; everything travels as text and is cast by the table's types."""
    if not rows:
        return
    columns = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE delivery.{table})").fetchall()
    texts = [[None if row[place] is None else str(row[place]) for row in rows] for place in range(len(columns))]
    casts = ", ".join(
        f"from_json({name}, '[\"VARCHAR\"]')" if kind == "VARCHAR[]" else f"{name}::{kind}" for name, kind in columns
    )
    arriving = ", ".join(f"unnest(?::VARCHAR[]) AS {name}" for name, _ in columns)
    connection.execute(f"INSERT INTO delivery.{table} SELECT {casts} FROM (SELECT {arriving})", texts)
