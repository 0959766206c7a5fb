"""Which SQL files have nothing to do in this build: what their rows would come from is not there.

DuckDB takes ten milliseconds and more to understand a file, whether or not a row comes of it, and most companies have
no disputes, no gift cards, no Connect. So a file may say in its head what it yields nothing without:

    -- Nothing without: stripe.disputes or ledger.opening_claims
    -- Nothing without: policy bank_leg = book

One of each such line must be there: a table with a row, or with such a row (`stripe.invoices WHERE status = 'void'`), a
policy that is set, or is set so (`policy deferral = voucher`). Else the file is left out, and its table made empty with
the columns in columns.json.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

import duckdb

ADDS = re.compile(r"^INSERT INTO (ledger\.\w+)", re.MULTILINE)
LINE = re.compile(r"^-- Nothing without: (.+)$", re.MULTILINE)


@cache
def needs(text: str) -> list[list[str]]:
    """What an SQL file says that it yields nothing without: one of each list."""
    return [line.split(" or ") for line in LINE.findall(text)]


class Present:
    """What is there of the things that files need. It is asked for once, until a file adds to a table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: dict[str, bool] = {}

    def __contains__(self, need: str) -> bool:
        if need not in self._known:
            self._known[need] = self._look(need)
        return self._known[need]

    def note(self, name: str, text: str, made: tuple[int, ...] | None) -> None:
        """The file has run; `made` is DuckDB's answer: the number of rows, where it made a table of a query."""
        filled = ADDS.findall(text)
        self._known = {need: known for need, known in self._known.items() if need.split(" ")[0] not in filled}
        if not filled and made is not None:
            self._known[f"ledger.{name}"] = made[0] > 0

    def _look(self, need: str) -> bool:
        if not need.startswith("policy "):
            return self._connection.execute(f"SELECT 1 FROM {need} LIMIT 1").fetchone() is not None
        name, _, wanted = need.removeprefix("policy ").partition(" = ")
        ((value,),) = self._connection.execute("SELECT getvariable('policies')[?]", [name]).fetchall()
        return value == wanted if wanted else value is not None


def is_idle(text: str, present: Present) -> bool:
    """Whether the file can yield nothing."""
    return not all(any(need in present for need in one_of) for one_of in needs(text))


def instead(name: str) -> str | None:
    """What stands for a file that has nothing to do: its table without rows; None where it only adds to another's."""
    columns = _columns().get(name)
    return None if columns is None else f"CREATE OR REPLACE TABLE ledger.{name} ({columns})"


@cache
def _columns() -> dict[str, str]:
    found: dict[str, str] = json.loads(files(__package__).joinpath("columns.json").read_text(encoding="utf-8"))
    return found
