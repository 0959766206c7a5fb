"""A process that dies at a chosen point: before or after one of its HTTP requests or commits.

Children are forked from this warm process, so that none of them pays for imports. What is replaced here is replaced in
the child alone, and beneath delivery: delivery itself runs as it is.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import requests

from fortstripe_dagster.warehouse import Warehouse

sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # DuckDB would import it anew in every child

MOST_SECONDS = 60
CRASHED = 99
"""What a child leaves with that raised something."""


class Reaper:
    """Counts the points of this process; writes their names down, or kills the process at one of them."""

    def __init__(self, kill_at: int | None, names: Path | None = None) -> None:
        self._kill_at = kill_at
        self._names = names.open("a", encoding="utf-8", buffering=1) if names else None
        self._passed = 0
        self._counting = threading.Lock()

    def watch(self) -> None:
        """From now on, every request and every commit of this process is a point on both of its sides."""
        send = requests.Session.request

        def request(session: requests.Session, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
            name = f"{method} {re.sub(r'^https?://[^/]+/(3/)?', '', url)}"
            self.point(f"before {name}")
            try:
                return send(session, method, url, *args, **kwargs)
            finally:
                self.point(f"after {name}")

        requests.Session.request = request  # type: ignore[assignment,method-assign]
        sqlite3.connect = partial(sqlite3.connect, factory=partial(_Journalled, self))  # type: ignore[assignment]
        write = Warehouse.writer

        @contextmanager
        def writer(warehouse: Warehouse) -> Iterator[_Warehoused]:
            with write(warehouse) as connection:
                yield _Warehoused(self, connection)

        Warehouse.writer = writer  # type: ignore[assignment,method-assign]

    def point(self, name: str) -> None:
        """One point; this may be the last thing that the process does."""
        with self._counting:
            self._passed += 1
            if self._names is not None:
                self._names.write(name + "\n")
            if self._passed == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


class _Journalled(sqlite3.Connection):
    """A connection to the journal whose commits are points, named after the table that was written last."""

    def __init__(self, reaper: Reaper, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reaper = reaper
        self._table = ""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if found := re.match(r"INSERT (?:OR IGNORE )?INTO (\w+)|(CREATE)", sql):
            self._table = found[1] or "schema"
        if sql != "COMMIT":
            return super().execute(sql, parameters)
        self._reaper.point(f"before commit of {self._table}")
        try:
            return super().execute(sql)
        finally:
            self._reaper.point(f"after commit of {self._table}")


class _Warehoused:
    """A connection to the warehouse whose commits are points."""

    def __init__(self, reaper: Reaper, connection: duckdb.DuckDBPyConnection) -> None:
        self._reaper = reaper
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        self._reaper.point("before commit of the warehouse")
        self._connection.commit()
        self._reaper.point("after commit of the warehouse")


def apart(work: Callable[[], int], log: Path) -> int:
    """Do the work in a child; its exit code, or minus the signal that killed it. What it prints goes to `log`."""
    child = os.fork()
    if child == 0:
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = sys.stderr = os.fdopen(output, "w", buffering=1)
            signal.alarm(MOST_SECONDS)
            os._exit(work())
        except BaseException:
            traceback.print_exc()
            os._exit(CRASHED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
