"""The ledger as it was: from what Stripe had said by a past moment, under the choices and rules of then or of today.

It is built beside the ledger in use, into a schema of its own, so that the two can be compared in one query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import duckdb

from fortstripe_dagster.business_day import today
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import publish
from fortstripe_dagster.ledger.build import make
from fortstripe_dagster.ledger.choices import Choices, parse
from fortstripe_dagster.ledger.order import CONTRACT
from fortstripe_dagster.ledger.report import LedgerReport, report
from fortstripe_dagster.ledger.rule_files import RuleFiles, current_rules, fitting, stored
from fortstripe_dagster.ledger.workspace import run, show, tables, workspace
from fortstripe_dagster.warehouse import Warehouse, has_table

SCHEMA = "ledger_past"
STRIPE = "stripe_past"

Replay = Callable[[duckdb.DuckDBPyConnection, datetime, str], None]
"""Fills a schema with Stripe's typed tables as they were at a moment: `extract.replay`."""


def as_of(
    warehouse: Warehouse,
    at: datetime,
    replay: Replay,
    *,
    choices: str | None = None,
    rules: str | None = None,
    schema: str = SCHEMA,
) -> LedgerReport:
    """Build the ledger of a past moment into `schema`; the ledger in use stays as it is.

    `choices` is the digest of a choice set that this warehouse has seen (`ledger.choice_sets`), `rules` the digest or
    the version of rules that it has seen (`ledger.rule_sets`): SQL and rule data. By default both are those of the last
    build until that moment, or the last build under `choices`. Raises ConfigurationError when there is none, or when
    rules of the past no longer fit today's tables; ValueError for a moment without a time zone; and as `build` does.
    """
    if at.tzinfo is None or schema in ("ledger", "stripe") or not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
        raise ValueError(f"Cannot build the ledger of {at} in schema {schema!r}.")
    with warehouse.writer() as connection:
        then, ruling = _in_force(connection, at, choices, rules)
        replay(connection, at, STRIPE)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        try:
            with workspace(connection, "past") as home, fitting(ruling, "Nothing was built."):
                show(connection, f"{home}.{STRIPE}", tables(connection, f"{home}.{STRIPE}"))
                make(connection, then, ruling, min(today(at), today()))
                run(connection, CONTRACT, sql=ruling.sql)
                publish.whole(connection, f"{home}.{schema}")
        finally:
            connection.execute(f"DROP SCHEMA {STRIPE} CASCADE")
        return report(connection, None, schema)


def differences(warehouse: Warehouse, schema: str = SCHEMA) -> list[tuple[str, Decimal, Decimal]]:
    """Accounts whose balance in `schema` is another than in the ledger in use: (account, there, in use), kronor."""
    with warehouse.writer() as connection:
        rows = connection.execute(
            "SELECT account, coalesce(p.kronor, 0), coalesce(n.kronor, 0)"
            f" FROM (SELECT account, sum(debit - credit) AS kronor FROM {schema}.lines GROUP BY account) p"
            " FULL JOIN (SELECT account, sum(debit - credit) AS kronor FROM ledger.lines GROUP BY account) n"
            " USING (account) WHERE p.kronor IS DISTINCT FROM n.kronor ORDER BY account"
        )
        return [(account, Decimal(there), Decimal(now)) for account, there, now in rows.fetchall()]


def _in_force(
    connection: duckdb.DuckDBPyConnection, at: datetime, choices: str | None, rules: str | None
) -> tuple[Choices, RuleFiles]:
    """What was asked for, or was in force at the moment. Rules that are asked for bring their rule data with them."""
    row = None
    if has_table(connection, "ledger.builds"):
        connection.execute("ALTER TABLE ledger.builds ADD COLUMN IF NOT EXISTS rules VARCHAR")
        row = connection.execute(
            "SELECT text, rules FROM ledger.builds RIGHT JOIN ledger.choice_sets USING (choices)"
            " WHERE coalesce(choices = $1, built_at IS NOT NULL)"
            " ORDER BY CASE WHEN $1 IS NOT NULL THEN built_at ELSE NULL END DESC NULLS LAST,"
            "          built_at <= $2 DESC, abs(epoch(built_at) - epoch($2::TIMESTAMPTZ)) LIMIT 1",
            [choices, at],
        ).fetchone()
    if row is None:
        raise ConfigurationError(
            f"The warehouse knows no choice set {choices or ''} to build the ledger of {at:%Y-%m-%d %H:%M %Z} under.",
            "run `fortstripe sync` first, or name one of `ledger.choice_sets`.",
        )
    then, wanted = parse(row[0]), rules or row[1]
    ruling = None if wanted is None else stored(connection, wanted)
    if ruling is None and (rules is not None or then.rule_version != current_rules().rule_version):
        raise ConfigurationError(
            f"The warehouse does not keep the rules {rules or then.rule_version} to build the ledger of"
            f" {at:%Y-%m-%d %H:%M %Z} by.",
            "name one of `ledger.rule_sets`, or install the fortstripe_dagster that had them.",
        )
    if ruling is not None and rules is not None:
        then = replace(then, rule_version=ruling.rule_version, data=ruling.data)
    return then, ruling or current_rules()
