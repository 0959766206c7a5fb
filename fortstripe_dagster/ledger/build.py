"""Build the ledger from the typed tables: all of it, or the families that a few days and changes reach.

A build works in a database of its own (see `workspace`) and replaces the ledger in use in one transaction at its end.
Choices of the company come in through tables (see `choices`), so that the SQL holds no templating.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.failures import Failure, RatesFailure
from fortstripe_dagster.ledger import publish, reached, touched
from fortstripe_dagster.ledger.across import look_across
from fortstripe_dagster.ledger.choices import Choices, choices_of, load, parse
from fortstripe_dagster.ledger.effective import Sealed, put_back, refuse_moved_claims, say_lost_rules
from fortstripe_dagster.ledger.order import CHOICES, CONTRACT, DAYS, FAMILIES, RUNNING, SUMMARY
from fortstripe_dagster.ledger.report import LedgerReport, report
from fortstripe_dagster.ledger.rule_files import RuleFiles, current_rules, keep, stored
from fortstripe_dagster.ledger.sealed_part import put_back_reached
from fortstripe_dagster.ledger.workspace import families, one_thread, run, show, show_reached, tables, workspace
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

SHARE = 0.2
"""Beyond this share of all balance transactions a partial build is no faster than a whole one."""

OVERLAP = timedelta(days=1)
"""How far a build looks back before the newest object of the last one: extractions may commit out of order."""


@dataclass(frozen=True)
class Rebuilt:
    """What a build of a part did: days that it may have changed, entries that it wrote."""

    days: list[date]
    entries: int


def build(
    settings: Settings,
    warehouse: Warehouse,
    progress: Callable[[str], None] = lambda line: None,
    *,
    days: Days | None = None,
    sealed: Iterable[tuple[str, Mapping[str, date]]] = (),
) -> LedgerReport:
    """Bring schema `ledger` up to date: these days and all that changed since the last build, or everything.

    Without `days`, after a change of rules or choices, and when much has changed, everything is rebuilt. `sealed` are
    entries that delivery has sealed under other choices than today's, with their days, by the text of those choices:
    they stay as those choices make them. Raises RatesFailure when an official rate is missing, Failure when an entry
    does not balance or lacks an account, or when the account of the claim on Stripe changed: nothing is kept then.
    """
    choices = choices_of(settings)
    others = [Sealed(parse(text), entries) for text, entries in sealed if entries]
    others = [other for other in others if other.choices.digest != choices.digest]
    refuse_moved_claims(choices, others)
    with warehouse.writer() as connection:
        clock = today()
        identity = _identity(choices, others)
        sealing = [(other, _rules_of(connection, other.choices.rule_version)) for other in others]
        rebuilt = None
        if days is not None:
            rebuilt = _build_reached(connection, choices, sealing, days, clock, identity)
        if rebuilt is None:
            _build_whole(connection, choices, sealing, clock)
        _remember(connection, choices, identity, clock)
        touched.update(connection, None if rebuilt is None else rebuilt.days)
        found = report(connection, None if rebuilt is None else rebuilt.entries, days=days)
    progress(
        f"ledger: {sum(found.entries.values())} entries, {found.lines} lines, {len(found.held)} held"
        + (f"; {rebuilt.entries} rebuilt" if rebuilt is not None else "")
    )
    return found


Sealing = Sequence[tuple[Sealed, RuleFiles | None]]
"""What was sealed under other choices, each with its rules; None where those are lost."""


def _build_whole(connection: duckdb.DuckDBPyConnection, choices: Choices, sealing: Sealing, clock: date) -> None:
    with workspace(connection, "whole") as home:
        show(connection, f"{home}.stripe", tables(connection, f"{home}.stripe"))
        make(connection, choices, current_rules(), clock)
        if sealing:
            run(connection, CONTRACT)
        for place, (other, rules) in enumerate(sealing):
            put_back(connection, other, rules or current_rules(), f"under_{place}", clock)
        say_lost_rules(connection, [other for other, rules in sealing if rules is None])
        publish.whole(connection, f"{home}.ledger")


def _rules_of(connection: duckdb.DuckDBPyConnection, rule_version: str) -> RuleFiles | None:
    """The rules of a version: today's where it is today's; None where a new warehouse never saw it."""
    return current_rules() if rule_version == current_rules().rule_version else stored(connection, rule_version)


def make(connection: duckdb.DuckDBPyConnection, choices: Choices, rules: RuleFiles, clock: date) -> None:
    """Make the workspace's schema `ledger` but for the contract. Raises as `build` does."""
    load(connection, choices, clock)
    run(connection, [name for name in rules.sql if name not in CONTRACT], rules.passing, rules.sql)
    refuse_unfit(connection)


def _build_reached(
    connection: duckdb.DuckDBPyConnection,
    choices: Choices,
    sealing: Sealing,
    days: Days,
    clock: date,
    identity: str,
) -> Rebuilt | None:
    """Rebuild what these days and the changes since the last build reach; None if everything must be rebuilt."""
    last = _last_build(connection, identity)
    known = [(other, rules) for other, rules in sealing if rules is not None]
    if last is None or len(known) < len(sealing):
        return None
    last_clock, seen = last
    with workspace(connection, "few") as home:
        stripe, kept = f"{home}.stripe", f"{home}.ledger"
        there = tables(connection, stripe)
        by_family = families(connection, stripe, there)
        show(connection, stripe, (table for table in there if table not in by_family))
        load(connection, choices, clock)
        run(connection, (*CHOICES, *DAYS))
        reached.seed(connection, stripe, kept, sorted({*days, *_newly_covered(connection, kept, last_clock, clock)}))
        reached.add_changed(connection, stripe, seen - OVERLAP if seen is not None else None)
        count = reached.walk(connection, stripe)
        total = connection.execute(f"SELECT count(*) FROM {stripe}.balance_transactions").fetchone() or (0,)
        if count > 2 * SHARE * total[0]:
            return None
        show_reached(connection, stripe, {table: by_family.pop(table) for table in reached.CUSTOMERS_OF})
        reached.add_customers(connection, "stripe")
        show_reached(connection, stripe, by_family)
        with one_thread(connection):
            until = FAMILIES.index(RUNNING) + 1
            run(connection, FAMILIES[:until])
            connection.execute(
                f"INSERT INTO ledger.{RUNNING} BY NAME"
                f" FROM {kept}.{RUNNING} WHERE sale_id NOT IN (SELECT id FROM reached)"
            )
            run(connection, FAMILIES[until:])
        if _spreads(connection, kept):
            return None
        publish.find_replaced(connection, kept)
        with one_thread(connection):
            look_across(connection, kept)
            run(connection, SUMMARY)
            refuse_unfit(connection)
            if known and not put_back_reached(connection, kept, known, clock):
                return None
            changed = publish.find_changed_days(connection)
        return Rebuilt(changed, publish.reached(connection, kept))


def _newly_covered(connection: duckdb.DuckDBPyConnection, kept: str, last_clock: date, clock: date) -> list[date]:
    """Days that the ledger did not know at the last build, those that were not over then, and those of other rates."""
    rows = connection.execute(
        f"SELECT day FROM ledger.covered_days WHERE day NOT IN (SELECT day FROM {kept}.covered_days)"
        " UNION SELECT unnest(generate_series(?::DATE - 1, ?::DATE, INTERVAL 1 DAY))::DATE"
        " UNION SELECT n.day FROM ledger.exchange_rates n"
        f" JOIN {kept}.exchange_rates o ON o.currency = n.currency AND o.day = n.day"
        " WHERE n.sek_per_unit <> o.sek_per_unit",
        [last_clock, clock],
    )
    return [row[0] for row in rows.fetchall()]


def _spreads(connection: duckdb.DuckDBPyConnection, kept: str) -> bool:
    """Whether what is reached changes the One Stop Shop for sales that are not, or concerns a lapsed VAT number."""
    row = connection.execute(
        f"SELECT EXISTS (FROM ledger.oss_turnover n JOIN {kept}.oss_turnover o USING (sale_id, supply)"
        "               WHERE (n.side, n.remedy) IS DISTINCT FROM (o.side, o.remedy)"
        "                 AND sale_id NOT IN (SELECT id FROM reached))"
        f"    OR EXISTS (FROM ledger.oss_turnover n JOIN {kept}.oss_turnover o USING (sale_id, supply)"
        "               WHERE n.upto_ore <> o.upto_ore AND greatest(n.upto_ore, o.upto_ore) > n.threshold_ore * 8 // 10"
        "                 AND sale_id NOT IN (SELECT id FROM reached))"
        f"    OR EXISTS (FROM {kept}.watchdogs WHERE kind = 'vat_number_lapsed'"
        "                 AND split_part(subject, ' ', 1) IN (SELECT customer FROM ledger.parties))"
    ).fetchone()
    return bool(row and row[0])


def _identity(choices: Choices, others: list[Sealed]) -> str:
    """What must be the same for a part of the ledger to be built upon the rest: files, choices, sealed choices."""
    code = hashlib.sha256()
    for digest in (current_rules().digest, choices.digest, *(other.digest for other in others)):
        code.update(digest.encode())
    return code.hexdigest()[:16]


def _last_build(connection: duckdb.DuckDBPyConnection, identity: str) -> tuple[date, datetime | None] | None:
    """Clock and newest object of the last build; None if there is none that this one may build upon."""
    if not has_table(connection, "ledger.builds"):
        return None
    row = connection.execute(
        "SELECT clock, seen, identity FROM ledger.builds ORDER BY built_at DESC LIMIT 1"
    ).fetchone()
    return (row[0], row[1]) if row is not None and row[2] == identity else None


def _remember(connection: duckdb.DuckDBPyConnection, choices: Choices, identity: str, clock: date) -> None:
    now = datetime.now(UTC)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS ledger.builds"
        " (built_at TIMESTAMPTZ, identity VARCHAR, choices VARCHAR, clock DATE, seen TIMESTAMPTZ);"
        "ALTER TABLE ledger.builds ADD COLUMN IF NOT EXISTS rules VARCHAR"
    )
    keep(connection, current_rules(), now)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS ledger.choice_sets"
        " (choices VARCHAR PRIMARY KEY, rule_version VARCHAR, first_used TIMESTAMPTZ, text JSON)"
    )
    connection.execute(
        "INSERT INTO ledger.builds SELECT ?, ?, ?, ?, max(first_seen), ? FROM stripe.raw_objects",
        [now, identity, choices.digest, clock, current_rules().digest],
    )
    connection.execute(
        "INSERT OR IGNORE INTO ledger.choice_sets VALUES (?, ?, ?, ?)",
        [choices.digest, choices.rule_version, now, choices.text],
    )


def refuse_unfit(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise RatesFailure for a missing rate, Failure for an entry that does not balance or lacks an account."""
    _refuse_missing_rates(connection)
    _refuse_unmapped(connection)
    _refuse_unbalanced(connection)


def _refuse_missing_rates(connection: duckdb.DuckDBPyConnection) -> None:
    missing = connection.execute(
        "SELECT currency, min(day), max(day), count(*) FROM ("
        "  SELECT currency, day FROM ledger.movements WHERE sek_per_unit IS NULL"
        "  UNION ALL SELECT currency, event_day FROM ledger.sales WHERE sek_per_unit IS NULL"
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
    row = connection.execute("SELECT entry_id, kind, ore FROM ledger.uneven_entries WHERE ore <> 0 LIMIT 1").fetchone()
    if row:
        raise Failure(
            f"Entry {row[0]} ({row[1]}) does not balance: it is {row[2]} öre off. Nothing was booked.",
            "this is a fault in the booking rules: report it with that id.",
        )
