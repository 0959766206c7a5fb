"""The lists of the close pack as values: rows, totals, and the ledger's accounts that the totals must equal.

Which lists there are stands in `contents.csv`, what each holds in `sql/`, which total ties to which accounts in
`ties.csv`. A list without a file in `sql/` is made elsewhere and given in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Literal

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof.vat_return import sql as proof_sql

Measure = Literal["opening", "movement", "closing"]
NARROW = 12
"""Characters of a text that fits on one line in any table: a day, an account, a voucher, a VAT number."""
BALANCES: dict[Measure, str] = {
    "opening": "l.event_day < month_first()",
    "movement": "in_month(l.event_day)",
    "closing": "l.event_day <= month_last()",
}


@dataclass(frozen=True)
class Heading:
    """A list as `contents.csv` names it; `sums` are the columns that are added up."""

    section: str
    name: str
    sums: tuple[str, ...]
    en: str
    sv: str


@dataclass(frozen=True)
class Tie:
    """A total of a list beside the ledger's balance or movement of the accounts it belongs to; kronor."""

    name: str
    column: str
    accounts: tuple[str, ...]
    measure: Measure
    total: Decimal
    ledger: Decimal

    @property
    def difference(self) -> Decimal:
        return self.total - self.ledger


@dataclass(frozen=True)
class Listing:
    """A list with its rows. Amounts are Decimal, days are dates, the rest is text."""

    heading: Heading
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    ties: tuple[Tie, ...] = ()

    def values(self, column: str) -> list[Any]:
        """One column."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The columns that hold numbers."""
        return frozenset(
            column
            for place, column in enumerate(self.columns)
            if any(isinstance(row[place], (int, Decimal)) and not isinstance(row[place], bool) for row in self.rows)
        )

    @cached_property
    def narrow(self) -> frozenset[str]:
        """The columns whose texts are short enough never to be broken."""
        return frozenset(
            column
            for place, column in enumerate(self.columns)
            if all(len(str(row[place])) <= NARROW for row in self.rows if row[place] is not None)
        )

    def without(self, column: str) -> Listing:
        """The list without one of its columns."""
        place = self.columns.index(column)
        rows = tuple((*row[:place], *row[place + 1 :]) for row in self.rows)
        return replace(self, columns=(*self.columns[:place], *self.columns[place + 1 :]), rows=rows)

    @cached_property
    def totals(self) -> dict[str, Decimal]:
        """The sum of each column that is added up."""
        return {
            column: sum((value or Decimal(0) for value in self.values(column)), Decimal("0.00"))
            for column in self.heading.sums
        }


def headings() -> tuple[Heading, ...]:
    """All lists, in the order of the pack."""
    return tuple(
        Heading(row["section"], row["list"], tuple(row["sums"].split()), row["en"], row["sv"])
        for row in _rows_of("contents.csv")
    )


def prepare(connection: duckdb.DuckDBPyConnection, days: Days) -> None:
    """Make the temporary tables and macros that the lists of these days read."""
    connection.execute(f"SET VARIABLE close_first = DATE '{days.first}'")
    connection.execute(f"SET VARIABLE close_last = DATE '{days.last}'")
    connection.execute(f"SET VARIABLE close_program = 'fortstripe {version('fortstripe_dagster')}'")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS choices (name VARCHAR PRIMARY KEY, value VARCHAR)")
    connection.execute(proof_sql("macros"))
    connection.execute(list_sql("_month"))


def listings(
    connection: duckdb.DuckDBPyConnection, given: Mapping[str, tuple[type, Iterable[Any]]]
) -> tuple[Listing, ...]:
    """Every list of the prepared days. `given` holds those that no file of `sql/` makes: the class of their rows, and
    the rows."""
    found = []
    for heading in headings():
        if heading.name in given:
            kind, values = given[heading.name]
            columns = tuple(each.name for each in fields(kind))
            rows = tuple(astuple(value) for value in values)
        else:
            result = connection.execute(list_sql(heading.name))
            columns = tuple(column[0] for column in result.description or ())
            rows = tuple(result.fetchall())
        bare = Listing(heading, columns, rows)
        found.append(Listing(heading, columns, rows, _ties(connection, bare)))
    return tuple(found)


def _ties(connection: duckdb.DuckDBPyConnection, listing: Listing) -> tuple[Tie, ...]:
    roles = connection.execute("SELECT role, number FROM ledger.account_map ORDER BY number").fetchall()
    found = []
    for rule in _rows_of("ties.csv"):
        if rule["list"] != listing.heading.name:
            continue
        accounts = tuple(sorted({number for role, number in roles if re.fullmatch(rule["roles"], role)}))
        measure: Measure = rule["measure"]  # type: ignore[assignment]
        balance = _balance(connection, accounts, rule["kinds"].split("|") if rule["kinds"] else (), measure)
        total = listing.totals[rule["column"]]
        if not accounts and not listing.rows:
            continue  # the company has no such accounts
        found.append(Tie(listing.heading.name, rule["column"], accounts, measure, total, int(rule["sign"]) * balance))
    return tuple(found)


def _balance(
    connection: duckdb.DuckDBPyConnection, accounts: Sequence[str], kinds: Sequence[str], measure: Measure
) -> Decimal:
    row = connection.execute(
        f"""
        SELECT coalesce(sum(l.debit - l.credit), 0)::DECIMAL(18, 2)
        FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
        WHERE list_contains($accounts::VARCHAR[], l.account)
          AND (len($kinds::VARCHAR[]) = 0 OR list_contains($kinds::VARCHAR[], e.kind)) AND {BALANCES[measure]}
        """,
        {"accounts": list(accounts), "kinds": list(kinds)},
    ).fetchone()
    assert row is not None
    return Decimal(row[0])


def _rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files(__package__).joinpath(name).read_text("utf-8").splitlines()))


def list_sql(name: str) -> str:
    """The text of a file of sql/."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
