"""Rebuild the ledger from the typed tables, in one transaction.

The order of the SQL files is the data flow; each creates or fills the table it is named after. Choices of the company
come in through two small tables, `ledger.account_map` and `ledger.policy`, so that the SQL holds no templating.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import files

import duckdb

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.failures import Failure, RatesFailure
from fortstripe_dagster.ledger import reference_data, touched
from fortstripe_dagster.ledger.rules import load_rules
from fortstripe_dagster.money import to_minor
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

RULE_VERSION = "2026-11"
"""Version of the booking rules in this folder; it goes up with each change of what is booked."""

ORDER = (
    "exchange_rates",
    "covered_days",
    "charge_sales",
    "sale_units",
    "tax_id_history",
    "parties",
    "row_rules",
    "service_periods",
    "sale_items",
    "vat_places",
    "oss_turnover",
    "vat_decisions",
    "rated_items",
    "sales",
    "sale_rows",
    "sale_groups",
    "lost_disputes",
    "credits",
    "credit_rows",
    "gift_card_moves",
    "gift_cards",
    "gift_card_balance",
    "deferral_plans",
    "deferral_states",
    "deferral_schedule",
    "deferred_revenue",
    "movements",
    "fees",
    "payments",
    "bank_events",
    "postings",
    "postings_sales",
    "postings_credits",
    "postings_payments",
    "postings_movements",
    "postings_connect",
    "postings_fees",
    "postings_disputes",
    "postings_bank",
    "postings_deferral",
    "postings_opening",
    "revaluations",
    "postings_revaluation",
    "watchdogs",
    "entries",
    "lines",
)


@dataclass(frozen=True)
class Remark:
    """Something about one entry that a person should read."""

    entry_id: str
    day: date
    text: str


@dataclass(frozen=True)
class LedgerReport:
    """What a rebuild made: entries by kind, what waits for a person, and what a person should look at."""

    entries: dict[str, int]
    lines: int
    held: list[Remark] = field(default_factory=list)
    alerts: list[Remark] = field(default_factory=list)
    touched: list[date] = field(default_factory=list)
    """Days that hold something else than after the build before."""

    def alerts_of(self, days: Days) -> list[Remark]:
        """What a person should look at on these days; older alerts were said on theirs."""
        return [remark for remark in self.alerts if remark.day in days]


def build(
    settings: Settings, warehouse: Warehouse, progress: Callable[[str], None] = lambda line: None
) -> LedgerReport:
    """Rebuild every table of schema `ledger`.

    Raises RatesFailure when an official rate is missing, Failure when an entry does not balance or lacks an account:
    both mean that nothing of this rebuild is kept.
    """
    with warehouse.transaction() as connection:
        reference_data.load(connection)
        _load_choices(connection, settings)
        load_rules(connection, settings.rules)
        for name in ("macros", *ORDER):
            connection.execute(files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))
        _refuse_missing_rates(connection)
        _refuse_unmapped(connection)
        _refuse_unbalanced(connection)
        changed = touched.update(connection)
        report = replace(_report(connection), touched=changed)
    progress(f"ledger: {sum(report.entries.values())} entries, {report.lines} lines, {len(report.held)} held")
    return report


def _load_choices(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute("CREATE OR REPLACE TABLE ledger.account_map (role VARCHAR PRIMARY KEY, number VARCHAR)")
    connection.executemany("INSERT INTO ledger.account_map VALUES (?, ?)", list(settings.accounts.roles().items()))
    policy: dict[str, str | None] = {
        "start_date": settings.start_date.isoformat(),
        "today": today().isoformat(),
        "rule_version": RULE_VERSION,
        "invoice_when": "paid" if settings.accounting_method == "cash" else settings.invoice_when,
        "accounting_method": settings.accounting_method,
        "connect": settings.connect,
        "commission_vat_rate": None if settings.commission_vat_rate is None else str(settings.commission_vat_rate),
        **_by_reason(settings.dispute_lost),
        "processing_fee_vat": settings.processing_fee_vat,
        "software_fee_vat": settings.software_fee_vat,
        "bank_leg": settings.bank_leg,
        "default_supply": settings.default_supply.kind,
        "default_vat_rate": str(settings.default_supply.vat_rate),
        "default_vat_class": settings.default_supply.vat_class or "",
        **settings.oss.choices(),
        **settings.vat.choices(),
        "deferral": settings.deferral,
        "deferral_from_ore": str(to_minor(settings.deferral_from_amount)),
        "deferral_from_days": str(settings.deferral_from_days),
        "tips": settings.tips or "undecided",
    }
    connection.execute("CREATE OR REPLACE TABLE ledger.policy (name VARCHAR PRIMARY KEY, value VARCHAR)")
    connection.executemany("INSERT INTO ledger.policy VALUES (?, ?)", list(policy.items()))


def _by_reason(choice: str | Mapping[str, str]) -> dict[str, str]:
    """`dispute_lost` as policies: one for each reason of Stripe's, `dispute_lost:default` for all others."""
    table = {"default": choice} if isinstance(choice, str) else choice
    return {f"dispute_lost:{reason}": decided for reason, decided in table.items()}


def _refuse_missing_rates(connection: duckdb.DuckDBPyConnection) -> None:
    missing = connection.execute(
        "SELECT currency, min(day), max(day), count(*) FROM ("
        "  SELECT currency, day FROM ledger.movements WHERE sek_per_unit IS NULL"
        "  UNION ALL SELECT currency, event_day FROM ledger.sales WHERE sek_per_unit IS NULL"
        "  UNION ALL SELECT currency, day FROM ledger.revaluations WHERE value_ore IS NULL"
        ") GROUP BY currency ORDER BY currency"
    ).fetchall()
    if missing:
        currency, first, last, count = missing[0]
        raise RatesFailure(
            f"No official exchange rate for {currency} on {first}…{last} ({count} amounts).",
            "check RATES_API_BASE and run the sync of those days again; nothing was booked at another rate.",
        )


def _refuse_unmapped(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT entry_id, day, currency, kind FROM ledger.postings WHERE account IS NULL ORDER BY day LIMIT 1"
    ).fetchone()
    if row:
        entry_id, day, currency, kind = row
        raise Failure(
            f"Entry {entry_id} ({kind}, {day}, {currency}) has no account in the configuration.",
            f"add accounts.clearing.{currency} and accounts.transit.{currency}, or the account of its VAT rate.",
        )


def _refuse_unbalanced(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT entry_id, any_value(kind), sum(ore) FROM ledger.postings GROUP BY entry_id HAVING sum(ore) <> 0 LIMIT 1"
    ).fetchone()
    if row:
        raise Failure(
            f"Entry {row[0]} ({row[1]}) does not balance: it is {row[2]} öre off. Nothing was booked.",
            "this is a fault in the booking rules: report it with that id.",
        )


def _report(connection: duckdb.DuckDBPyConnection) -> LedgerReport:
    kinds = dict(connection.execute("SELECT kind, count(*) FROM ledger.entries GROUP BY kind ORDER BY kind").fetchall())
    lines = connection.execute("SELECT count(*) FROM ledger.lines").fetchone() or (0,)
    return LedgerReport(kinds, lines[0], _remarks(connection, "held"), _remarks(connection, "alert"))


def _remarks(connection: duckdb.DuckDBPyConnection, column: str) -> list[Remark]:
    rows = connection.execute(
        f"SELECT entry_id, event_day, {column} FROM ledger.entries WHERE {column} IS NOT NULL "
        "ORDER BY event_day, entry_id"
    ).fetchall()
    return [Remark(*row) for row in rows]
