"""The DuckDB warehouse: open, lock, schemas, migrations, the analysts' copy.

DuckDB lets one process write. Writers queue on a lock file with bounded waiting and say whom they wait for; the lock
belongs to the process, so a killed run frees it at once. Nobody holds it across an HTTP call.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from fortstripe_dagster import migration
from fortstripe_dagster.engine import engine
from fortstripe_dagster.failures import WarehouseError

SCHEMA_VERSION = 1
SCHEMAS = ("stripe", "ledger", "delivery", "proof")
ROW_GROUP = 8_192
"""Rows that DuckDB writes anew together: Stripe's objects are wide, and the last group is held whole at each commit."""
STORAGE = "v1.4.0"
"""The oldest DuckDB that can read the file: it writes anew what is known of rows that changed, not of whole tables."""
SMALL = 64 * 1024 * 1024
"""Up to this size of the file one thread is sooner done: starting and joining others costs more than they do."""
Say = Callable[[str], None]


class Warehouse:
    """One company's warehouse file. `writer()` gives exclusive access for a short while."""

    def __init__(self, path: Path, *, wait_seconds: float = 600, say: Say = print, threads: int | None = None) -> None:
        self.path = path
        self.wait_seconds = wait_seconds
        self.say = say
        self.threads = threads

    def for_few_rows(self) -> Warehouse:
        """The same file for work on few rows at a time: more threads than one would cost memory and save nothing."""
        return Warehouse(self.path, wait_seconds=self.wait_seconds, say=self.say, threads=1)

    @contextmanager
    def writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that may write; waits for its turn. Raises WarehouseError when the wait is over."""
        with self._turn(), self._opened() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writer whose changes are committed whole, or not at all."""
        with self.writer() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def publish(self) -> Path:
        """Replace the read-only copy that analysts query (`warehouse.read.duckdb`), atomically."""
        copy = self.path.with_suffix(".read.duckdb")
        fresh = copy.with_suffix(".fresh")
        self.copy(fresh)
        os.replace(fresh, copy)
        return copy

    def copy(self, target: Path) -> None:
        """Copy the file to `target` while nobody writes to it."""
        with self._turn():
            with self._opened() as connection:
                connection.execute("CHECKPOINT")
            shutil.copyfile(self.path, target)

    def rewrite(self) -> None:
        """Write the file anew, so that nothing of what was deleted or changed is left in it."""
        fresh = self.path.with_suffix(".anew")
        fresh.unlink(missing_ok=True)
        with self._turn():
            with self._opened() as connection:
                connection.execute(_attach(fresh, "anew"))
                connection.execute("COPY FROM DATABASE warehouse TO anew; DETACH anew")
            os.replace(fresh, self.path)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"))
        owner = self.path.with_suffix(".owner")
        started = time.monotonic()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.say(f"Waiting for the warehouse: {_owner(owner)} is writing to it.")
            try:
                lock.acquire(timeout=self.wait_seconds, poll_interval=0.05)
            except Timeout as error:
                waited = time.monotonic() - started
                raise WarehouseError(
                    f"The warehouse is still in use by {_owner(owner)} after {waited:.0f} s.",
                    "let that run finish or stop it, then run the same command again.",
                ) from error
        try:
            owner.write_text(str(os.getpid()))
            yield
        finally:
            lock.release()

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        small = not self.path.exists() or self.path.stat().st_size < SMALL
        threads = self.threads or (1 if small else os.cpu_count() or 2)
        with engine(Path(f"{self.path}.tmp"), "warehouse", threads) as connection:
            try:
                connection.execute(f"{_attach(self.path, 'warehouse')}; USE warehouse")
            except duckdb.Error as error:
                raise self._explained(str(error).splitlines()[0]) from error
            self._prepare(connection)
            yield connection

    def _explained(self, text: str) -> WarehouseError:
        if "lock" in text.lower():
            return WarehouseError(
                f"Another program has {self.path.name} open.",
                "close it (a DuckDB shell or notebook); to look around, open warehouse.read.duckdb instead.",
            )
        if "version number" in text:
            return WarehouseError(
                f"{self.path.name} was written by a newer DuckDB.",
                "upgrade this installation with its constraints file.",
            )
        return WarehouseError(
            f"{self.path.name} cannot be opened and may be corrupt: {text}",
            "move it aside and run the same command: it is rebuilt from Stripe. journal.sqlite must stay.",
        )

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        try:
            row = connection.execute("SELECT max(version) FROM main.schema_version").fetchone()
        except duckdb.CatalogException:
            connection.execute("".join(f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema in SCHEMAS))
            connection.execute("CREATE TABLE main.schema_version (version INTEGER PRIMARY KEY)")
            row = (SCHEMA_VERSION,)
            connection.execute("INSERT INTO main.schema_version VALUES (?)", row)
        if row and row[0] is not None and row[0] > SCHEMA_VERSION:
            raise WarehouseError(
                f"{self.path.name} has schema {row[0]} of a newer fortstripe; this one knows {SCHEMA_VERSION}.",
                "upgrade this installation, or use another FORTSTRIPE_HOME.",
            )
        changed = migration.follow(connection)
        if changed:
            self.say(f"The warehouse was made by an older version; adapted: {', '.join(changed)}.")


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the warehouse holds the table or view `schema.table` yet: each stage makes its own on its first run."""
    try:
        connection.execute(f"FROM {name} LIMIT 0")  # the lists of all tables take ten times as long
    except duckdb.CatalogException:
        return False
    return True


def _attach(path: Path, name: str) -> str:
    place = str(path).replace("'", "''")
    return f"ATTACH '{place}' AS {name} (ROW_GROUP_SIZE {ROW_GROUP}, STORAGE_VERSION '{STORAGE}')"


def _owner(path: Path) -> str:
    try:
        return f"process {path.read_text()}"
    except FileNotFoundError:
        return "another process"
