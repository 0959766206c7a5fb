"""The booking rules as texts: the SQL files in their order and the rule data, kept in the warehouse for good.

A choice set says under which choices books were made; the texts say by which rules. Each text is stored once, by the
hash of its content, so a new version of the rules costs what it changed. What is stored runs again in `time_travel`
and, for entries that older rules sealed, in `effective`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

import duckdb
from pydantic import ValidationError

from fortstripe_dagster import __version__
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import reference_data
from fortstripe_dagster.ledger.choices import RULE_VERSION
from fortstripe_dagster.ledger.order import ORDER, UNPUBLISHED
from fortstripe_dagster.warehouse import has_table

SQL: Traversable = files(__package__).joinpath("sql")


@dataclass(frozen=True)
class RuleFiles:
    """One state of the rules. `sql` are the texts by name, in the order in which they run; `data` the rule data."""

    rule_version: str
    package: str
    sql: Mapping[str, str]
    data: Mapping[str, str]
    passing: tuple[str, ...]

    @cached_property
    def manifest(self) -> str:
        """What the state consists of: hashes by file name, and which tables only a build needs."""
        parts = {
            "sql": {name: _hash(text) for name, text in self.sql.items()},
            "data": {name: _hash(text) for name, text in self.data.items()},
            "passing": self.passing,
        }
        return json.dumps(parts)

    @cached_property
    def digest(self) -> str:
        """The short name of the state."""
        return _hash(self.manifest)[:16]


@cache
def current_rules() -> RuleFiles:
    """The rules of the installed package."""
    return RuleFiles(
        RULE_VERSION,
        __version__,
        {name: SQL.joinpath(f"{name}.sql").read_text(encoding="utf-8") for name in ORDER},
        {file.name: file.read_text(encoding="utf-8") for file in reference_data.sources()},
        UNPUBLISHED,
    )


def keep(connection: duckdb.DuckDBPyConnection, rules: RuleFiles, now: datetime) -> None:
    """Store the rules, if they are not stored yet."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS ledger.rule_sets"
        " (rules VARCHAR PRIMARY KEY, rule_version VARCHAR, package VARCHAR, first_used TIMESTAMPTZ, manifest JSON)"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS ledger.rule_texts (hash VARCHAR PRIMARY KEY, text VARCHAR)")
    if connection.execute("SELECT 1 FROM ledger.rule_sets WHERE rules = ?", [rules.digest]).fetchone():
        return
    texts = [*rules.sql.values(), *rules.data.values()]
    connection.execute(
        "INSERT OR IGNORE INTO ledger.rule_texts SELECT DISTINCT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [[_hash(text) for text in texts], texts],
    )
    connection.execute(
        "INSERT INTO ledger.rule_sets VALUES (?, ?, ?, ?, ?)",
        [rules.digest, rules.rule_version, rules.package, now, rules.manifest],
    )


def stored(connection: duckdb.DuckDBPyConnection, name: str) -> RuleFiles | None:
    """The rules with this digest, or the last ones that were first used under this rule version; None if unknown."""
    if not has_table(connection, "ledger.rule_sets"):
        return None
    row = connection.execute(
        "SELECT rule_version, package, manifest FROM ledger.rule_sets WHERE rules = $1 OR rule_version = $1"
        " ORDER BY rules = $1 DESC, first_used DESC LIMIT 1",
        [name],
    ).fetchone()
    if row is None:
        return None
    version, package, manifest = row
    parts = json.loads(manifest)
    texts = dict(connection.execute("SELECT hash, text FROM ledger.rule_texts").fetchall())
    sql, data = ({file: texts[digest] for file, digest in parts[kind].items()} for kind in ("sql", "data"))
    return RuleFiles(version, package, sql, data, tuple(parts["passing"]))


@contextmanager
def fitting(rules: RuleFiles, purpose: str) -> Iterator[None]:
    """Turn what makes rules of the past fail on the tables of today into a ConfigurationError that names their package.

    Failures of today's own rules pass: they are faults.
    """
    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError, ValidationError) as error:
        if rules.digest == current_rules().digest:
            raise
        raise ConfigurationError(
            f"The rules {rules.rule_version} ({rules.digest}) do not fit the warehouse of fortstripe_dagster"
            f" {__version__}: {str(error).splitlines()[0]}. {purpose}",
            f"install fortstripe_dagster {rules.package}, which they came with, and run it on a copy of the warehouse.",
        ) from error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
