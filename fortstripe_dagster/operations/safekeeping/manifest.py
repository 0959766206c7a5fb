"""What a backup says of itself: what is in it, unaltered, and how far its journal had come."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fortstripe_dagster.failures import Failure

FORMAT = 1
NAME = "manifest.json"
JOURNAL, WAREHOUSE, CONFIGURATION = "journal.sqlite", "warehouse.duckdb", "fortstripe.toml"


@dataclass(frozen=True)
class Manifest:
    """`made_at` is UTC in ISO 8601; `journal` counts the rows of each of its tables; `files` has SHA-256 by name."""

    made_at: str
    version: str
    pins: Mapping[str, str]
    journal: Mapping[str, int]
    files: Mapping[str, str]
    format: int = FORMAT

    def text(self) -> str:
        """As it stands in the backup."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)


def parse(text: str, where: Path) -> Manifest:
    """The manifest of a backup. Raises Failure where it is none, or of a newer fortstripe."""
    try:
        fields = json.loads(text)
        if int(fields["format"]) > FORMAT:
            raise Failure(f"{where.name} was made by a newer fortstripe.", "upgrade this installation.")
        return Manifest(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise Failure(f"{where.name} is not a backup of fortstripe.", "name a file that `backup` made.") from error


def rows_of(journal: Path) -> dict[str, int]:
    """How many rows each table of a journal has: it only ever grows. {} where there is none."""
    if not journal.exists():
        return {}
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables}
    finally:
        connection.close()


def pins_of(journal: Path) -> dict[str, str]:
    """Which Stripe account and Fortnox company a journal belongs to. {} where there is none."""
    if not journal.exists():
        return {}
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return dict(connection.execute("SELECT name, value FROM pins"))
    finally:
        connection.close()


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
