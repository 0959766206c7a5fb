"""One proof from start to end: read Fortnox, compute, record, certify.

The warehouse is opened twice for a short while, before Fortnox is read and after; no lock is held across HTTP.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb
import simplejson

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.business_day import today as local_today
from fortstripe_dagster.delivery import connect
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.proof import certificate, drift, fortnox_books, fortnox_changes, tie_out
from fortstripe_dagster.proof.going_live import shadow
from fortstripe_dagster.proof.report import Equation, Item, ProofReport, equations_of, items_of, tie_out_of
from fortstripe_dagster.proof.trial_balance import trial_balance_from
from fortstripe_dagster.proof.vat_return import vat_return
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse


def prove(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    progress: Callable[[str], None] = print,
    *,
    fortnox: Fortnox | None = None,
    now: datetime | None = None,
) -> ProofReport:
    """Prove the days against Fortnox and write the certificate. A difference raises nothing: it stands in the report.

    `now` decides which payouts can have arrived; default: the clock. Raises Failure when there is nothing to prove yet
    or Fortnox cannot be read; then what was proven before stays as it was.
    """
    with warehouse.writer() as connection:
        tie_out.refuse_unready(connection)
        invoice_days = tie_out.invoice_days(connection, settings, days)
        since = fortnox_changes.since(connection, settings.start_date)
    moment = now or datetime.now(UTC)
    today = local_today(moment)
    client = fortnox or connect(settings)
    books = fortnox_books.read(client, settings.start_date, days.last, today, invoice_days, progress)
    changes = fortnox_changes.read(client, since, progress)
    with warehouse.transaction() as connection:
        fortnox_books.store(connection, books)
        fortnox_changes.store(connection, changes)
        drift.load_sent(connection, settings.journal_path)
        tie_out.compute(connection, settings, days, today, books.read_at)
        notes = _notes(settings, changes)
        if settings.mode == "shadow":
            page = shadow.page_path(settings.home, days)
            compared = shadow.compute(connection, settings, books, days)
            notes = (*notes, shadow.note(compared, shadow.write_page(compared, page)))
        report = _report(connection, settings, days, books, moment, notes)
        _record(connection, report)
    certificate.write(report)
    for line in report.lines():
        progress(f"proof: {line}")
    progress(f"proof: {report.verdict}; {report.certificate_path}")
    return report


def _report(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    days: Days,
    books: fortnox_books.FortnoxBooks,
    moment: datetime,
    notes: tuple[str, ...],
) -> ProofReport:
    equations, items = equations_of(connection, days), items_of(connection, days)
    documents = connection.execute(
        "SELECT kind, count(*) FROM documents WHERE status = 'done' GROUP BY kind ORDER BY kind"
    ).fetchall()
    return ProofReport(
        days=days,
        run_id=uuid.uuid4().hex,
        proven_at=moment,
        company=books.years[-1].ledger.company,
        equations=equations,
        items=items,
        tie_out=tie_out_of(equations, settings.accounts.clearing),
        trial_balance=trial_balance_from(connection, days.last),
        documents=dict(documents),
        drift=drift.drift(connection),
        vat=tuple(box for box in vat_return(connection, days).boxes if box.lines or box.waiting),
        notes=notes,
        content_hash=_content_hash(connection, days, equations, items),
        certificate_path=_certificate_path(settings.home, days),
    )


def _notes(settings: Settings, changes: fortnox_changes.FortnoxChanges) -> tuple[str, ...]:
    unseen = tuple(
        f"Fortnox refused to list what was modified; changes may be unseen. {each}" for each in changes.refused
    )
    if settings.bank_leg == "book":
        return unseen
    return (
        "The bank feed books the arrival of payouts (bank_leg = leave_to_bank_feed) and empties the transit account: "
        "only the ledger's side of it is compared.",
        *unseen,
    )


def _certificate_path(home: Path, days: Days) -> Path:
    return (home / "proof" / f"certificate-{days.first}_{days.last}.html").absolute()


def _content_hash(
    connection: duckdb.DuckDBPyConnection, days: Days, equations: tuple[Equation, ...], items: tuple[Item, ...]
) -> str:
    """SHA-256 over what was proven and the proof before it, so that no proof can be changed or left out unseen."""
    connection.execute(files(__package__).joinpath("sql", "runs.sql").read_text(encoding="utf-8"))
    contents = [
        [str(days), _last_hash(connection)],
        [[e.equation, e.balance_type, e.currency, e.account, e.left_side, e.right_side, e.status] for e in equations],
        [[i.kind, i.id, i.amount, i.severity, i.first_day.isoformat()] for i in items],
    ]
    return hashlib.sha256(simplejson.dumps(contents, use_decimal=True, sort_keys=True).encode()).hexdigest()


def _last_hash(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT content_hash FROM proof.runs ORDER BY number DESC LIMIT 1").fetchone()
    return row[0] if row else ""


def _record(connection: duckdb.DuckDBPyConnection, report: ProofReport) -> None:
    connection.execute(
        """
        INSERT INTO proof.runs
        SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM proof.runs
        """,
        [
            report.run_id,
            report.proven_at,
            report.days.first,
            report.days.last,
            report.ok,
            len(report.alarms),
            len(report.explained),
            str(report.certificate_path),
            report.content_hash,
            _last_hash(connection),
        ],
    )
