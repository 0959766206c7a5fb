"""Which rules went by which version: `python -m fortstripe_dagster.ledger.rule_versions` records today's.

Entries name the version of the rules that made them, and the warehouse keeps the rules by it, so no version may stand
for two. `rule_versions.csv` has the digest of the rules (SQL, data, order) with the package they first came with, and a
test holds its last row against them. The row of the package in hand may be replaced as often as needed; those of
packages before it are for good. So a release begins with its `__version__`, as the first change after the last one.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fortstripe_dagster import __version__
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger.rule_files import current_rules

FILE = Path(__file__).with_name("rule_versions.csv")


class Recorded(NamedTuple):
    """One state of the rules: their version, the package that first had them, and their digest."""

    version: str
    package: str
    digest: str


def recorded() -> list[Recorded]:
    """All states on record, the oldest first."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [Recorded(**row) for row in csv.DictReader(file)]


def today() -> Recorded:
    """The state of the rules in this package."""
    rules = current_rules()
    return Recorded(rules.rule_version, __version__, rules.digest)


def record(rows: Sequence[Recorded], now: Recorded, *, same_books: bool = False) -> list[Recorded]:
    """The rows with today's state: in place of the last one where that is of the package in hand, else after it.

    Raises ConfigurationError where a released version of the rules would stand for other rules; with `same_books` it
    may, since somebody says that no entry changes by them (a faster query, a comment).
    """
    if rows and rows[-1].digest == now.digest and rows[-1].version == now.version:
        return list(rows)
    released = [row for row in rows if row.package != now.package]
    if not same_books and any(row.version == now.version and row.digest != now.digest for row in released):
        raise ConfigurationError(
            f"The rules {now.version} went out with fortstripe_dagster {released[-1].package}, and are others now.",
            "raise RULE_VERSION in ledger/choices.py; or, where no entry changes by it (a faster query, a comment),"
            " give --same-books.",
        )
    return [*released, now]


def _text(rows: Sequence[Recorded]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Recorded._fields)
    writer.writerows(rows)
    return text.getvalue()


def main() -> None:
    """Record the state of the rules in this package."""
    parser = argparse.ArgumentParser(description="Record the rules of this package under their version.")
    parser.add_argument("--same-books", action="store_true", help="No entry changes by these rules.")
    rows = record(recorded() if FILE.exists() else [], today(), same_books=parser.parse_args().same_books)
    FILE.write_text(_text(rows), encoding="utf-8")
    print(", ".join(rows[-1]))


if __name__ == "__main__":
    main()
