"""The ledger as it was: from what Stripe had said by a past moment, under the choices of then or of today.

It is built beside the ledger in use, into a schema of its own, so that the two can be compared in one query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import duckdb

from fortstripe_dagster.business_day import today
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import publish
from fortstripe_dagster.ledger.build import make
from fortstripe_dagster.ledger.choices import parse
from fortstripe_dagster.ledger.report import LedgerReport, report
from fortstripe_dagster.ledger.workspace import show, tables, workspace
from fortstripe_dagster.warehouse import Warehouse

SCHEMA = "ledger_past"
STRIPE = "stripe_past"

Replay = Callable[[duckdb.DuckDBPyConnection, datetime, str], None]
"""Fills a schema with Stripe's typed tables as they were at a moment: `extract.replay`."""


def as_of(
    warehouse: Warehouse, at: datetime, replay: Replay, *, choices: str | None = None, schema: str = SCHEMA
) -> LedgerReport:
    """Build the ledger of a past moment into `schema`; the ledger in use stays as it is.

    `choices` is the digest of a choice set that this warehouse has seen (`ledger.choice_sets`); by default the one in
    force at that moment. Raises ConfigurationError when there is none, ValueError for a moment without a time zone, and
    as `build` does.
    """
    if at.tzinfo is None or schema in ("ledger", "stripe") or not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
        raise ValueError(f"Cannot build the ledger of {at} in schema {schema!r}.")
    with warehouse.writer() as connection:
        then = parse(_text(connection, at, choices))
        replay(connection, at, STRIPE)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        with workspace(connection, "past") as home:
            show(connection, f"{home}.{STRIPE}", tables(connection, f"{home}.{STRIPE}"))
            make(connection, then, min(today(at), today()))
            publish.whole(connection, f"{home}.{schema}")
        connection.execute(f"DROP SCHEMA {STRIPE} CASCADE")
        return report(connection, None, schema)


def _text(connection: duckdb.DuckDBPyConnection, at: datetime, choices: str | None) -> str:
    """The choice set that was asked for, or that of the last build until the moment."""
    if choices is not None:
        found = connection.execute("SELECT text FROM ledger.choice_sets WHERE choices = ?", [choices]).fetchone()
    else:
        found = connection.execute(
            "SELECT text FROM ledger.builds JOIN ledger.choice_sets USING (choices)"
            " ORDER BY built_at <= ? DESC, abs(epoch(built_at) - epoch(?::TIMESTAMPTZ)) LIMIT 1",
            [at, at],
        ).fetchone()
    if found is None:
        raise ConfigurationError(
            f"The warehouse knows no choice set {choices or ''} to build the ledger of {at:%Y-%m-%d %H:%M %Z} under.",
            "run `fortstripe sync` first, or name one of `ledger.choice_sets`.",
        )
    return str(found[0])
