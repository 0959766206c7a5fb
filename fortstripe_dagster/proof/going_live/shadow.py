"""Shadow mode's answer: what fortstripe would have booked beside what people booked, by day and month.

Table proof.shadow holds it; a proof in shadow mode fills it for its days.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import DONE, HELD
from fortstripe_dagster.pages import templates, write_whole
from fortstripe_dagster.proof.fortnox_books import FortnoxBooks
from fortstripe_dagster.proof.going_live.learn import read_payouts
from fortstripe_dagster.proof.going_live.recognise import Sold, recognise
from fortstripe_dagster.proof.speech import ENGLISH
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse


@dataclass(frozen=True)
class Difference:
    """An account over a day or month in kronor, debit positive; `status` as in proof.shadow."""

    period: str
    starts: date
    account: str
    name: str
    ours: Decimal
    theirs: Decimal
    difference: Decimal
    status: str
    our_entries: str
    their_vouchers: str


@dataclass(frozen=True)
class ShadowReport:
    """All accounts of the compared days: months first, then each day."""

    days: Days
    company: str
    rows: tuple[Difference, ...]

    @property
    def months(self) -> tuple[Difference, ...]:
        return tuple(row for row in self.rows if row.period == "month")

    @property
    def by_day(self) -> tuple[Difference, ...]:
        """The days that are not the same."""
        return tuple(row for row in self.rows if row.period == "day" and row.status != "same")

    @property
    def differing(self) -> tuple[Difference, ...]:
        """The months that are not the same: what is left when booking on another day is no difference."""
        return tuple(row for row in self.months if row.status != "same")

    @property
    def exit_code(self) -> int:
        """0 if every account agrees by month, else 3."""
        return HELD if self.differing else DONE

    @property
    def verdict(self) -> str:
        """The outcome in a few words."""
        if not self.months:
            return "neither fortstripe nor anybody else books anything of Stripe on these days"
        if not self.differing:
            return f"all {len(self.months)} accounts agree by month"
        return f"{len(self.differing)} of {len(self.months)} accounts differ by month"

    def text(self) -> str:
        """The comparison for a terminal."""
        lines = [f"Shadow of {self.days} for {self.company}: {self.verdict}."]
        for row in self.months:
            lines.append(
                f"  {row.starts:%Y-%m}  {row.account} {row.name[:28]:28} {ENGLISH.money(row.ours):>14}"
                f" {ENGLISH.money(row.theirs):>14} {ENGLISH.money(row.difference):>14}  {row.status}"
            )
            if row.status != "same":
                lines.append(f"           fortstripe: {row.our_entries or 'nothing'}")
                lines.append(f"           the books:  {row.their_vouchers or 'nothing'}")
        return "\n".join([*lines, f"{len(self.by_day)} days and accounts differ; all of them are in proof.shadow."])

    def as_json(self) -> dict[str, Any]:
        """The comparison for machines; amounts and days as text."""
        return {
            "days": [str(self.days.first), str(self.days.last)],
            "verdict": self.verdict,
            "rows": [{name: str(value) for name, value in asdict(row).items()} for row in self.rows],
            "exit_code": self.exit_code,
        }


def compute(connection: duckdb.DuckDBPyConnection, settings: Settings, books: FortnoxBooks, days: Days) -> ShadowReport:
    """Replace the days' rows of proof.shadow. Needs the tables of the tie-out of the same connection."""
    accounts = {
        int(number) for part in (settings.accounts.clearing, settings.accounts.transit) for number in part.values()
    }
    payouts = read_payouts(connection)
    sales = [
        Sold(name, Decimal(ore) / 100, day)
        for name, ore, day in connection.execute(
            "SELECT sale_id, gross_ore, event_day FROM ledger.sales WHERE event_day BETWEEN ? AND ? AND gross_ore > 0",
            [days.first, days.last],
        ).fetchall()
    ]
    connection.execute("CREATE OR REPLACE TEMP TABLE stripe_vouchers (year_id INTEGER, series VARCHAR, number INTEGER)")
    for year in books.years:
        found = recognise([year.ledger], payouts, accounts, sales=sales, leave_out=settings.voucher_series)
        if found.vouchers:
            connection.executemany(
                "INSERT INTO stripe_vouchers VALUES (?, ?, ?)",
                [(year.id, voucher.series, voucher.number) for voucher in found.vouchers if voucher.date in days],
            )
    connection.execute(files(__package__).joinpath("shadow.sql").read_text(encoding="utf-8"))
    return _report(connection, days)


def report(warehouse: Warehouse, days: Days) -> ShadowReport:
    """What the last proof in shadow mode found for the days."""
    with warehouse.writer() as connection:
        return _report(connection, days)


def note(found: ShadowReport, page: Path) -> str:
    """What the proof says of the comparison."""
    return f"Shadow mode: nothing was written to Fortnox. Beside what people booked, {found.verdict}: {page}"


def _report(connection: duckdb.DuckDBPyConnection, days: Days) -> ShadowReport:
    rows = connection.execute(
        "SELECT * FROM proof.shadow WHERE CASE period WHEN 'day' THEN starts BETWEEN $1 AND $2"
        " ELSE starts BETWEEN date_trunc('month', $1) AND $2 END ORDER BY period DESC, starts, account",
        [days.first, days.last],
    ).fetchall()
    company = connection.execute("SELECT max_by(company, last_day) FROM proof.fortnox_years").fetchone()
    return ShadowReport(days, company[0] if company else "", tuple(Difference(*row) for row in rows))


def write_page(found: ShadowReport, path: Path) -> Path:
    """Write the comparison as a page to read and print, whole or not at all."""
    environment = templates("fortstripe_dagster.proof", money=ENGLISH.money)
    return write_whole(path, environment.get_template("shadow.html").render(found=found))


def page_path(home: Path, days: Days) -> Path:
    """Where the page of these days is written."""
    return (home / "proof" / f"shadow-{days.first}_{days.last}.html").absolute()
