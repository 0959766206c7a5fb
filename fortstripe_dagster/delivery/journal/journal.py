"""journal.sqlite: open, lock, write. What was sent is journalled before it is sent, and nothing is changed afterwards.

Each method that writes is one durable transaction (WAL, synchronous FULL), committed when it returns. Safe to share
between the threads of one delivery. What the journal tells about documents is read in `history`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import dumps, loads
from fortstripe_dagster.failures import DeliveryStopped, Failure

VERSION = 6
APPLICATION_ID = 0x46537470
"""Marks the file as ours: "FStp"."""

Outcome = Literal["done", "refused", "not_done", "found", "not_found"]


@dataclass(frozen=True)
class Request:
    """One request that writes to Fortnox; `body` None is an action."""

    method: Literal["POST", "PUT"]
    path: str
    body: Mapping[str, Any] | list[Mapping[str, Any]] | None = None
    params: Mapping[str, str | int] | None = None


@dataclass(frozen=True)
class Intent:
    """A request that was about to be sent, at a moment in UTC."""

    intent: int
    document_id: str
    step: str
    attempt: int
    request: Request
    at: datetime


class Journal:
    """One company's journal. Raises Failure when the file is corrupt or of a newer version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connection.row_factory = sqlite3.Row
            self._open()
        except sqlite3.DatabaseError as error:
            raise Failure(
                f"{path.name} cannot be read: {error}.",
                "restore it with `fortstripe restore`, or move it aside and run `fortstripe adopt`.",
            ) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed is on disk."""
        self._connection.close()

    @contextmanager
    def delivering(self, wait_seconds: float = 10) -> Iterator[None]:
        """The right to deliver: one process at a time, freed at once when that process ends.

        Raises DeliveryStopped if another delivery has not finished after `wait_seconds`.
        """
        lock = FileLock(self.path.with_suffix(".lock"))
        owner = self.path.with_suffix(".owner")
        try:
            lock.acquire(timeout=wait_seconds, poll_interval=0.05)
        except Timeout as error:
            who = owner.read_text() if owner.exists() else "another process"
            raise DeliveryStopped(
                f"Another delivery is running ({who}).", "wait until it has finished, then run the same command again."
            ) from error
        try:
            owner.write_text(f"process {os.getpid()}")
            yield
        finally:
            lock.release()

    # Runs, pins, people, cursors

    def begin_run(self, run_id: str, days: Days) -> None:
        """Note that a delivery of these days starts."""
        self._insert("runs", run_id, days.first.isoformat(), days.last.isoformat(), _now())

    def finish_run(self, run_id: str) -> None:
        """Note that the delivery which was begun last under this id came to its end."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO finished_runs SELECT *, ? FROM runs WHERE run_id = ? ORDER BY started_at DESC LIMIT 1",
                [_now(), run_id],
            )

    def pin(self, name: str, value: str, what: str) -> None:
        """Tie the journal to an account, mode or company at the first run; `what` names it for people.

        Raises DeliveryStopped when it is tied to another one.
        """
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM pins WHERE name = ?", [name]).fetchone()
            if row is None:
                connection.execute("INSERT INTO pins VALUES (?, ?, ?)", [name, value, _now()])
            elif row["value"] != value:
                raise DeliveryStopped(
                    f"This journal belongs to {what} {row['value']}, not {value}: live and test, or two companies, "
                    "never mix.",
                    "correct the keys in the environment, or use another FORTSTRIPE_HOME.",
                )

    def approve(self, pairs: Iterable[tuple[str, str]], who: str) -> int:
        """Record a person's approval of (document id, content hash) pairs; how many were new."""
        with self._transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO approvals VALUES (?, ?, ?, ?)",
                [(document_id, content_hash, who, _now()) for document_id, content_hash in pairs],
            )
            return connection.total_changes - before

    def approved(self) -> set[tuple[str, str]]:
        """Every approved (document id, content hash)."""
        return {(row[0], row[1]) for row in self.rows("SELECT document_id, content_hash FROM approvals")}

    def match(self, document_id: str, number: str, how: str) -> None:
        """Record that a customer is in Fortnox already, under a number."""
        self._insert("matches", document_id, number, how, _now(), ignore=True)

    def keep_choices(self, texts: Mapping[str, str]) -> None:
        """Keep the text of choice sets, by digest; one that is known stays as it was."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO choice_sets VALUES (?, ?, ?)",
                [(digest, text, _now()) for digest, text in texts.items()],
            )

    def order(self, document_id: str, action: str, reason: str, who: str) -> None:
        """Record what a person ordered against a document: undo, redo or adopt."""
        self._insert("orders", document_id, action, reason, who, _now())

    def forget(self, customer: str, what: str, reason: str, who: str) -> None:
        """Record that a person had data of a customer erased here, and which."""
        self._insert("forgotten", customer, what, reason, who, _now())

    def replan(self, since: date, choices: str, reason: str, who: str) -> None:
        """Record a person's request that entries from a day on follow these choices."""
        self._insert("replans", since.isoformat(), choices, reason, who, _now())

    def cursor(self, name: str) -> datetime | None:
        """The newest value of a cursor."""
        rows = self.rows("SELECT value FROM cursors WHERE name = ? ORDER BY rowid DESC LIMIT 1", [name])
        return datetime.fromisoformat(rows[0]["value"]) if rows else None

    def move_cursor(self, name: str, moment: datetime) -> None:
        """Remember how far something has been read."""
        self._insert("cursors", name, moment.isoformat(), _now())

    def touch(self, days: Iterable[date], why: str) -> None:
        """Note that entries of closed days changed."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO touched_days VALUES (?, ?, ?)", [(day.isoformat(), why, _now()) for day in sorted(days)]
            )

    def touched(self) -> list[date]:
        """Days that changed after the last delivery that included them began; one that failed does not count."""
        found = self.rows(
            "SELECT DISTINCT day FROM touched_days t WHERE NOT EXISTS ("
            "  SELECT 1 FROM finished_runs r WHERE t.day BETWEEN r.first_day AND r.last_day AND r.started_at > t.at)"
            " ORDER BY day"
        )
        return [date.fromisoformat(row["day"]) for row in found]

    # Sealing and sending

    def intend(self, document: Document, step: str, request: Request, run_id: str, packaging: str) -> Intent:
        """Commit that a request is about to be sent; the first one for a document seals it."""
        at = _now()
        with self._transaction() as connection:
            seal = self._seal(connection, document, run_id, packaging, at)
            attempt = connection.execute(
                "SELECT count(*) + 1 FROM intents WHERE document_id = ? AND step = ?", [document.document_id, step]
            ).fetchone()[0]
            row = connection.execute(
                "INSERT INTO intents (seal, document_id, step, attempt, method, path, params, body, run_id, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    seal, document.document_id, step, attempt, request.method, request.path,
                    dumps(request.params or {}), None if request.body is None else dumps(request.body), run_id, at,
                ],
            )  # fmt: skip
            number = row.lastrowid
        assert number is not None
        return Intent(number, document.document_id, step, attempt, request, datetime.fromisoformat(at))

    def answer(
        self,
        intent: int,
        outcome: Outcome,
        *,
        status: int | None = None,
        number: str | None = None,
        code: int | None = None,
        body: object = None,
    ) -> None:
        """Commit how an intent ended."""
        text = body if isinstance(body, str) or body is None else dumps(body)
        self._insert("answers", intent, outcome, status, number, code, text, _now())

    def note_found(self, document: Document, number: str, run_id: str) -> None:
        """Keep what Stripe says of something that stood in Fortnox before us, as if it had been found after a send."""
        request = Request("POST", "", document.content)
        intent = self.intend(document, "create", request, run_id, "matched")
        self.answer(intent.intent, "found", number=number)

    def open_intents(self) -> list[Intent]:
        """Requests of which nobody knows whether they took effect, oldest first."""
        return [
            Intent(
                row["intent"],
                row["document_id"],
                row["step"],
                row["attempt"],
                Request(
                    row["method"],
                    row["path"],
                    loads(row["body"]) if row["body"] is not None else None,
                    loads(row["params"]),
                ),
                datetime.fromisoformat(row["at"]),
            )
            for row in self.rows("SELECT * FROM open_intents ORDER BY intent")
        ]

    # Underneath

    def rows(self, query: str, parameters: Iterable[object] = ()) -> list[sqlite3.Row]:
        """The rows of a query; for the modules that read the journal."""
        with self._writing:
            return self._connection.execute(query, list(parameters)).fetchall()

    def _seal(self, connection: sqlite3.Connection, document: Document, run_id: str, packaging: str, at: str) -> int:
        """The seal of a document: the firm one, the one of an equal earlier attempt, or a new one."""
        content = dumps(document.content)
        known = connection.execute(
            "SELECT seal, content_hash, content, seal IN (SELECT seal FROM firm_seals WHERE document_id = ?1) AS firm"
            " FROM seals WHERE document_id = ?1 ORDER BY firm DESC, seal DESC LIMIT 1",
            [document.document_id],
        ).fetchone()
        if known and (known["firm"] or (known["content_hash"], known["content"]) == (document.content_hash, content)):
            return int(known["seal"])
        seal = connection.execute(
            "INSERT INTO seals (document_id, content_hash, kind, day, description, depends_on, content, packaging,"
            " rule_version, run_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                document.document_id, document.content_hash, document.kind, document.day.isoformat(),
                document.description, dumps(document.depends_on), content, packaging, document.rule_version, run_id, at,
            ],
        ).lastrowid  # fmt: skip
        assert seal is not None
        connection.executemany(
            "INSERT INTO sealed_entries VALUES (?, ?, ?, ?, ?)",
            [
                (seal, part.entry_id, document.day.isoformat(),
                 dumps([
                     [line.account, line.amount, line.vat_rate, line.treatment, line.cost_center, line.project]
                     for line in part.lines
                 ]), part.choices)
                for part in document.parts
            ],
        )  # fmt: skip
        return seal

    def _insert(self, table: str, *values: object, ignore: bool = False) -> None:
        marks = ", ".join("?" * len(values))
        with self._transaction() as connection:
            connection.execute(
                f"INSERT {'OR IGNORE ' if ignore else ''}INTO {table} VALUES ({marks})",
                values,
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _open(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if not self._is_ours():
            with self._transaction():
                if not self._is_ours():  # another process may have made it meanwhile
                    _create(connection)
        with self._transaction():
            if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                _upgrade(connection)

    def _is_ours(self) -> bool:
        """Whether the file is a journal; False when it is new and empty."""
        version, owner, tables = (
            self._connection.execute(query).fetchone()[0]
            for query in ("PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
        )
        if owner == APPLICATION_ID and version > VERSION:
            raise Failure(
                f"{self.path.name} was written by a newer fortstripe (version {version}, this one knows {VERSION}).",
                "upgrade this installation, or use another FORTSTRIPE_HOME.",
            )
        if owner != APPLICATION_ID and tables:
            raise Failure(
                f"{self.path.name} is not a journal of fortstripe.",
                "move that file away, or use another FORTSTRIPE_HOME.",
            )
        return bool(tables)


def _create(connection: sqlite3.Connection) -> None:
    for statement in _statements(files(__package__).joinpath("journal.sql").read_text(encoding="utf-8")):
        connection.execute(statement)
    _seal_tables(connection)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older journal up to date: version 1 kept no choice sets, 2 no orders, 3 no ends of runs, 5 nobody
    forgotten."""
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(sealed_entries)")}
    if "choices" not in columns:
        connection.execute("ALTER TABLE sealed_entries ADD COLUMN choices TEXT")
    for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        connection.execute(f"DROP VIEW {row['name']}")
    there = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master")}
    for statement in _statements(files(__package__).joinpath("journal.sql").read_text(encoding="utf-8")):
        made = re.search(r"CREATE (?:TABLE|INDEX|VIEW) (\w+)", statement)
        if made and made[1] not in there:
            connection.execute(statement)
    if "finished_runs" not in there:  # which of them failed is not known
        connection.execute("INSERT INTO finished_runs SELECT *, started_at FROM runs")
    _seal_tables(connection)


def _seal_tables(connection: sqlite3.Connection) -> None:
    """Let nobody change or delete a row."""
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for change in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{change.lower()} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; executescript would commit each by itself."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
