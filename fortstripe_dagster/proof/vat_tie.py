"""The VAT return beside Fortnox's: its general ledger summed by the accounts' VAT codes (momskoder), box by box.

Fortnox makes its VAT report from the VAT code of each account, per financial year, whatever the invoices say. So a
difference is named by the account whose code says another box, or by the voucher that has another amount. The vouchers
are those of the last proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, Unauthorized, path, vat_box
from fortstripe_dagster.proof.vat_return import VatFinding, load_table, sql
from fortstripe_dagster.warehouse import has_table

ACCOUNTS = path("accounts")


@dataclass(frozen=True)
class VatCode:
    """The VAT code of an account in a financial year; blank for none."""

    year_id: int
    account: str
    vat_code: str


@dataclass(frozen=True)
class VatTieRow:
    """A box from both sides, kronor as the box counts them: the ledger, our documents in Fortnox, all else there."""

    box: str
    ledger: Decimal
    fortnox: Decimal
    others: Decimal

    @property
    def difference(self) -> Decimal:
        return self.ledger - self.fortnox


@dataclass(frozen=True)
class VatTie:
    """All boxes beside Fortnox's, and the name of every difference. `read_at`: when its vouchers were, in Stockholm."""

    days: Days
    read_at: str
    rows: tuple[VatTieRow, ...]
    findings: tuple[VatFinding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing differs but what is explained."""
        return all(finding.severity != "alarm" for finding in self.findings)

    def text(self) -> str:
        """For a terminal."""
        lines = [
            f"Against Fortnox's VAT codes, read {self.read_at}: box, ledger, Fortnox (ours), difference, other business"
        ]
        lines += [
            f"  {row.box}  {row.ledger:>16} {row.fortnox:>16} {row.difference:>12} {row.others:>16}"
            for row in self.rows
        ]
        for finding in self.findings:
            lines += [f"{finding.severity.upper()} {finding.kind}: {finding.text}"]
            lines += [f"    {finding.remedy}"] if finding.remedy else []
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """For machines; amounts are text."""
        return {
            "read_at": self.read_at,
            "rows": [{**asdict(row), "difference": row.difference} for row in self.rows],
            "findings": [asdict(finding) for finding in self.findings],
        }


def years_of(connection: duckdb.DuckDBPyConnection, days: Days) -> list[int]:
    """Fortnox's numbers of the financial years that the days touch. Raises Failure when no proof has read them."""
    rows = (
        connection.execute(
            "SELECT year_id FROM proof.fortnox_years WHERE first_day <= ? AND last_day >= ? ORDER BY first_day",
            [days.last, days.first],
        ).fetchall()
        if has_table(connection, "proof.fortnox_years")
        else []
    )
    if not rows:
        raise Failure(f"Fortnox's vouchers of {days} have not been read.", "run fortstripe prove for these days first.")
    return [row[0] for row in rows]


def read_vat_codes(
    fortnox: Fortnox, years: list[int], progress: Callable[[str], None] = lambda line: None
) -> tuple[VatCode, ...]:
    """The accounts' VAT codes, a few requests for each financial year. Raises Failure when Fortnox cannot be read."""
    found = []
    try:
        for year in years:
            for item in fortnox.pages(ACCOUNTS, "Accounts", {"financialyear": year}):
                found.append(VatCode(year, str(item["Number"]), item.get("VATCode") or ""))
    except Unauthorized as error:
        raise Failure("Fortnox refused the login.", f"{error}; the VAT codes were not read.") from error
    except FortnoxError as error:
        raise Failure("Fortnox's accounts could not be read.", f"{error}") from error
    progress(f"vat: read the VAT codes of {len(found)} accounts")
    return tuple(found)


def store_vat_codes(connection: duckdb.DuckDBPyConnection, codes: tuple[VatCode, ...]) -> None:
    """Replace the VAT codes of those financial years in proof.fortnox_vat_codes."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS proof.fortnox_vat_codes "
        "(year_id INTEGER NOT NULL, account VARCHAR NOT NULL, vat_code VARCHAR NOT NULL, box VARCHAR, "
        "read_at TIMESTAMPTZ NOT NULL)"
    )
    years = sorted({code.year_id for code in codes})
    connection.execute("DELETE FROM proof.fortnox_vat_codes WHERE list_contains(?, year_id)", [years])
    connection.execute(
        "INSERT INTO proof.fortnox_vat_codes "
        "SELECT unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), ?",
        [
            [code.year_id for code in codes],
            [code.account for code in codes],
            [code.vat_code for code in codes],
            [vat_box(code.vat_code) for code in codes],
            datetime.now(UTC),
        ],
    )


def vat_tie(connection: duckdb.DuckDBPyConnection, days: Days, rounding: Decimal = Decimal("0.05")) -> VatTie:
    """Compare a computed return (`vat_return` of the same days) with Fortnox's books as last read.

    `rounding` is how many kronor Fortnox's own VAT rounding may differ by on an invoice. Needs `store_vat_codes`.
    """
    years_of(connection, days)
    connection.execute(f"SET VARIABLE vat_first = DATE '{days.first}'")
    connection.execute(f"SET VARIABLE vat_last = DATE '{days.last}'")
    connection.execute(f"SET VARIABLE vat_rounding = {rounding}::DECIMAL(18, 2)")
    load_table(connection, "vat_boxes")
    connection.execute(sql("vat_tie"))
    rows = tuple(VatTieRow(*row) for row in connection.execute(sql("vat_tie_rows")).fetchall())
    found = tuple(VatFinding(*row) for row in connection.execute(sql("vat_tie_findings")).fetchall())
    return VatTie(days, _read_at(connection, days.first), rows, found)


def _read_at(connection: duckdb.DuckDBPyConnection, day: date) -> str:
    row = connection.execute("SELECT max(read_at) FROM proof.fortnox_years WHERE last_day >= ?", [day]).fetchone()
    return row[0].astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M") if row and row[0] else "never"
