"""DuckDB itself, without a file: starting it takes longer than opening a warehouse, so one is kept for the next writer.

Whoever gets one finds nothing of the one before: no file, no temporary table, no limit. What ended in an error, had
to work on disk or still has another file is stopped and not used again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

CHANGED = ("preserve_insertion_order",)
"""What a stage may set while it works, beside threads and memory: it holds for all of DuckDB, not for a connection."""

_idle: list[duckdb.DuckDBPyConnection] = []


@contextmanager
def engine(temporary: Path, attached: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to DuckDB with no file and so many threads. Where memory is short it works in folder `temporary`.

    The caller attaches its file under the name `attached`; it is closed and whole on disk when the context ends.
    """
    try:
        running = _idle.pop()  # one step: another thread may ask at the same time
    except IndexError:
        running = duckdb.connect(":memory:")
    try:
        place = str(temporary).replace("'", "''")
        running.execute(f"SET temp_directory = '{place}'; SET threads = {threads}")
        with running.cursor() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        back = (f"SET memory_limit = '{_all_memory()}'", *(f"RESET {name}" for name in CHANGED))
        running.execute("; ".join((f"DETACH {attached}", *back)))
        left = running.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchone()
    except BaseException:
        running.close()
        raise
    if _idle or left != (1,) or temporary.exists():  # its own memory is one
        running.close()
    else:
        _idle.append(running)


@contextmanager
def limited(connection: duckdb.DuckDBPyConnection, memory: str) -> Iterator[None]:
    """Let DuckDB hold so much in memory ("64MB") and work on disk beyond that; what comes after has all memory."""
    connection.execute(f"SET memory_limit = '{memory}'")
    yield
    connection.execute(f"SET memory_limit = '{_all_memory()}'")


@cache
def _all_memory() -> str:
    """What DuckDB holds at most of itself. RESET alone changes what it says of a limit, and not what it keeps to."""
    with duckdb.connect(":memory:") as fresh:
        ((limit,),) = fresh.execute("SELECT current_setting('memory_limit')").fetchall()
    return str(limit)


def _stop() -> None:
    while _idle:
        _idle.pop().close()


os.register_at_fork(before=_stop)  # its threads would be missing in the child
