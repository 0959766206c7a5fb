"""The ledger in force: entries that delivery has sealed stay as the choices of their day make them.

A change of rules or settings is for what comes; in the past only Stripe's facts change anything, until a person asks
for more. So for each older choice set the books are made once more from today's facts, and what was sealed under it is
taken from there:
- a sealed entry, whatever Stripe has changed in it since;
- what follows from a sealed sale without a balance transaction of its own (its credit, its deferral): a credit keeps
  the original's accounts and VAT rate. If the old choices hold it, today's stand: a person has answered since;
and an entry of a delivered day that the old choices know nothing of is left out, for no fact called for it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.ledger.choices import Choices, load
from fortstripe_dagster.ledger.order import KINDS_OF_SALE
from fortstripe_dagster.ledger.rule_files import RuleFiles, fitting
from fortstripe_dagster.ledger.workspace import current, run, show, tables, workspace

OF_SALES = ("sales", "sale_rows", "parties", "credits", "credit_rows")
"""Tables that tell delivery how a sale looks; they follow its entry."""


@dataclass(frozen=True)
class Sealed:
    """Entries that were sealed under one choice set, with their days."""

    choices: Choices
    entries: Mapping[str, date]

    @cached_property
    def digest(self) -> str:
        """Changes when other entries are sealed under these choices."""
        names = "\n".join(sorted(self.entries))
        return self.choices.digest + hashlib.sha256(names.encode()).hexdigest()[:16]


def refuse_moved_claims(choices: Choices, others: Iterable[Sealed]) -> None:
    """Raise Failure where today's account of Stripe's balance or of payouts is another than that of delivered entries.

    Half the claim on Stripe would stand on each account, and no proof could tie either of them.
    """
    for other in others:
        for role, number in other.choices.accounts.items():
            now = choices.accounts.get(role)
            if role.split(":")[0] in ("clearing", "transit") and number and now and now != number:
                setting = "accounts." + role.replace(":", ".")
                raise Failure(
                    f"{setting} is {now}, but {len(other.entries)} delivered entries were booked with {number}.",
                    f"set it back to {number}. To change the account, book one voucher that moves its balance on the "
                    "first day of a month or year, and begin there: that day as start_date, with a FORTSTRIPE_HOME of "
                    "its own.",
                )


def put_back(
    connection: duckdb.DuckDBPyConnection,
    sealed: Sealed,
    rules: RuleFiles,
    name: str,
    clock: date,
    among: str = "true",
) -> None:
    """Put what was sealed under older choices, and by these rules, back into the workspace's ledger.

    `among` is a condition for the entries that the workspace is able to make. Raises ConfigurationError where the
    rules no longer fit the tables of this version.
    """
    new = current(connection)
    connection.execute("CREATE OR REPLACE TEMP TABLE sealed AS"
                       " SELECT unnest(?::VARCHAR[]) AS entry_id, unnest(?::DATE[]) AS day",
                       [list(sealed.entries), list(sealed.entries.values())])  # fmt: skip
    purpose = (
        f"They made {len(sealed.entries)} delivered entries; `fortstripe plan --replan-from` moves them to today's."
    )
    with workspace(connection, name), fitting(rules, purpose):
        show(connection, f"{new}.stripe", tables(connection, f"{new}.stripe"))
        load(connection, sealed.choices, clock)
        run(connection, list(rules.sql), rules.passing, rules.sql)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE old_entries AS FROM ledger.entries WHERE {among}")
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE sealed_sales AS
            SELECT DISTINCT sale_id FROM old_entries
            WHERE kind IN {KINDS_OF_SALE} AND entry_id IN (SELECT entry_id FROM sealed)
            """
        )
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE taken AS
            SELECT entry_id FROM sealed
            UNION
            SELECT entry_id FROM old_entries
            WHERE balance_transaction IS NULL AND held IS NULL AND sale_id IN (SELECT sale_id FROM sealed_sales)
              AND entry_id IN (SELECT entry_id FROM {new}.ledger.entries)
            """
        )
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE uncalled AS
            SELECT entry_id FROM {new}.ledger.entries
            WHERE event_day IN (SELECT day FROM sealed) AND entry_id NOT IN (SELECT entry_id FROM old_entries)
            """
        )
        for table in ("entries", "lines"):
            connection.execute(
                f"DELETE FROM {new}.ledger.{table} WHERE entry_id IN (FROM taken) OR entry_id IN (FROM uncalled)"
            )
            connection.execute(
                f"INSERT INTO {new}.ledger.{table} BY NAME FROM ledger.{table} WHERE entry_id IN (FROM taken)"
                " AND entry_id IN (SELECT entry_id FROM old_entries)"
            )
        for table in OF_SALES:
            connection.execute(f"DELETE FROM {new}.ledger.{table} WHERE sale_id IN (FROM sealed_sales)")
            connection.execute(
                f"INSERT INTO {new}.ledger.{table} BY NAME FROM ledger.{table} WHERE sale_id IN (FROM sealed_sales)"
            )


def say_lost_rules(connection: duckdb.DuckDBPyConnection, lost: Iterable[Sealed]) -> None:
    """Say on the first of these entries, for each version, that they stand by today's rules for want of their own.

    It is a finding of the watchdogs (see `watchdogs.sql`), so the run, the UI and `fortstripe alerts` tell of it.
    """
    entries: dict[str, dict[str, date]] = defaultdict(dict)
    for sealed in lost:
        entries[sealed.choices.rule_version].update(sealed.entries)
    for version, days in entries.items():
        day, entry_id = min((day, entry_id) for entry_id, day in days.items())
        text = (
            f"{len(days)} delivered entries were made by the rules {version}, which this warehouse does not have: they"
            " are made by today's, and where these book otherwise the plan corrects what was delivered"
        )
        remedy = (
            "restore the warehouse from a backup, or look at `fortstripe plan` and accept today's rules with"
            f" `fortstripe plan --replan-from {day}`"
        )
        connection.execute(
            "INSERT INTO ledger.watchdogs (day, kind, subject, text, remedy, entry_id) VALUES (?, ?, ?, ?, ?, ?)",
            [day, "lost_rules", version, text, remedy, entry_id],
        )
        connection.execute(
            "UPDATE ledger.entries SET alert = concat_ws('; ', alert, ?) WHERE entry_id = ?",
            [f"{text}: {remedy}", entry_id],
        )
