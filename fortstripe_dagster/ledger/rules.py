"""The company's own rules for what is sold, as a table that `row_rules.sql` joins with the rows of sales."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from fortstripe_dagster.settings.dimensions import Rule

CONDITIONS = ("product", "price", "customer", "currency", "country", "description")
DECISIONS = ("account", "cost_center", "project", "article", "supply", "vat_rate", "vat_class", "kind")


def load_rules(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """Make `ledger.rules`, numbered in the order of the file; a condition that is not given is NULL."""
    lists = ", ".join(f"{name} VARCHAR[]" for name in CONDITIONS)
    connection.execute(
        f"CREATE OR REPLACE TABLE ledger.rules (rule_no INTEGER, rule VARCHAR, {lists}, metadata JSON, account VARCHAR,"
        " cost_center VARCHAR, project VARCHAR, article VARCHAR, supply VARCHAR, vat_rate DECIMAL(5, 2),"
        " vat_class VARCHAR, kind VARCHAR)"
    )
    for number, rule in enumerate(rules, 1):
        values = [list(getattr(rule.when, name)) or None for name in CONDITIONS]
        metadata = json.dumps(rule.when.metadata) if rule.when.metadata else None
        decisions = [getattr(rule, name) for name in DECISIONS]
        row = [number, rule.name or f"rule {number}", *values, metadata, *decisions]
        connection.execute(f"INSERT INTO ledger.rules VALUES ({', '.join('?' * len(row))})", row)
