"""Papers that a person files with a month: copied, hashed, and never changed again.

The copies and `register.jsonl`, one line for each, are the record; proof.attachments is made from it, so a rebuilt
warehouse knows them too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

TAX_INVOICE = "stripe_tax_invoice"
KINDS = (TAX_INVOICE, "bank_statement", "other")
TABLE = """
    CREATE OR REPLACE TABLE proof.attachments (
        month VARCHAR NOT NULL,            -- YYYY-MM
        kind VARCHAR NOT NULL,             -- stripe_tax_invoice, bank_statement, other
        name VARCHAR NOT NULL,             -- the file's own
        sha256 VARCHAR NOT NULL,
        path VARCHAR NOT NULL,             -- of the copy, below attachments/
        amount DECIMAL(18, 2),             -- what it says, without VAT, where somebody read it off
        currency VARCHAR NOT NULL,
        who VARCHAR NOT NULL,
        attached_at TIMESTAMPTZ NOT NULL
    )
"""


@dataclass(frozen=True)
class Attachment:
    """A filed paper. `amount` is what it says without VAT, in units of `currency`; None where nobody read it off."""

    month: str
    kind: str
    name: str
    sha256: str
    path: str
    amount: Decimal | None
    currency: str
    who: str
    attached_at: datetime


def attach(
    settings: Settings,
    warehouse: Warehouse,
    file: Path,
    kind: str,
    month: Days,
    who: str,
    amount: Decimal | None = None,
    currency: str = "SEK",
) -> Attachment:
    """File a copy with a month. The same file again is the same paper.

    Raises Failure when it cannot be read, ConfigurationError for a kind that is not known.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"There is no kind of paper called {kind}.", f"choose one of {', '.join(KINDS)}.")
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", "name a file that can.") from error
    name = f"{month.first:%Y-%m}"
    paper = Attachment(
        name, kind, file.name, digest, f"{name}/{digest[:12]}-{file.name}", amount, currency, who, datetime.now(UTC)
    )
    copy = _folder(settings) / paper.path
    with warehouse.transaction() as connection:
        known = [each for each in read(settings) if (each.month, each.kind, each.sha256) == (name, kind, digest)]
        if not known or (known[-1].amount, known[-1].currency) != (amount, currency):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            with (_folder(settings) / "register.jsonl").open("a", encoding="utf-8") as register:
                register.write(json.dumps(asdict(paper), default=str, ensure_ascii=False) + "\n")
                register.flush()
                os.fsync(register.fileno())
        publish(connection, settings)
    return paper


def read(settings: Settings) -> list[Attachment]:
    """All papers, in the order in which they were filed; of one filed again the last line counts."""
    register = _folder(settings) / "register.jsonl"
    if not register.exists():
        return []
    found: dict[tuple[str, str, str], Attachment] = {}
    for line in register.read_text("utf-8").splitlines():
        row = json.loads(line)
        amount = None if row["amount"] is None else Decimal(row["amount"])
        paper = Attachment(**row | {"amount": amount, "attached_at": datetime.fromisoformat(row["attached_at"])})
        found[paper.month, paper.kind, paper.sha256] = paper
    return list(found.values())


def publish(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make proof.attachments anew from the register."""
    connection.execute(TABLE)
    for paper in read(settings):
        connection.execute(
            "INSERT INTO proof.attachments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(asdict(paper).values())
        )


def file_of(settings: Settings, paper: Attachment) -> Path:
    """Where the copy is. Failure when it is gone or is not what was filed."""
    copy = _folder(settings) / paper.path
    if not copy.exists() or hashlib.sha256(copy.read_bytes()).hexdigest() != paper.sha256:
        raise Failure(f"{copy} is gone or was changed since it was filed.", "file it again with fortstripe attach.")
    return copy


def _folder(settings: Settings) -> Path:
    return settings.home / "attachments"
