"""The VAT return of a period from start to end: computed, compared with Fortnox if asked, and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import connect
from fortstripe_dagster.failures import FAILED
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.proof import vat_page, vat_tie
from fortstripe_dagster.proof.vat_return import VatReturn, vat_lines, vat_return
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table


@dataclass(frozen=True)
class VatReport:
    """The return, what Fortnox makes of the same days if that was asked, and the files that were written."""

    found: VatReturn
    tie: vat_tie.VatTie | None
    paths: tuple[Path, ...]

    @property
    def exit_code(self) -> int:
        """0 ready, 1 something is wrong or differs, 3 something waits for a person."""
        return FAILED if self.tie and not self.tie.ok else self.found.exit_code

    def text(self) -> str:
        """For a terminal."""
        parts = [self.found.text(), *([self.tie.text()] if self.tie else []), "\n".join(map(str, self.paths))]
        return "\n\n".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        tie = self.tie.as_json() if self.tie else None
        return self.found.as_json() | {"fortnox": tie, "files": [str(path) for path in self.paths]}


def vat_report(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    progress: Callable[[str], None] = print,
    *,
    files: Path | None = None,
    page: Path | None = None,
    language: Language = "sv",
    compare: bool = False,
    fortnox: Fortnox | None = None,
) -> VatReport:
    """Compute the return; write csv files into the folder `files` and the page to `page` in a language, where given.

    `compare` reads the VAT codes of Fortnox's accounts and compares them over the vouchers of the last proof. Raises
    Failure without a ledger or, to compare, without a proof of these days or without Fortnox.
    """
    codes = None
    if compare:
        with warehouse.writer() as connection:
            years = vat_tie.years_of(connection, days)
        codes = vat_tie.read_vat_codes(fortnox or connect(settings), years, progress)
    with warehouse.transaction() as connection:
        found, tie = vat_return(connection, days), None
        if codes is not None:
            vat_tie.store_vat_codes(connection, codes)
            tie = vat_tie.vat_tie(connection, days, settings.difference_limit)
        lines, company = vat_lines(connection, days), _company(connection)
    paths: list[Path] = []
    if files:
        paths += vat_page.write_files(found, lines, files, tie)
    if page:
        paths.append(vat_page.write_page(found, lines, page, company, tie, language))
    return VatReport(found, tie, tuple(paths))


def _company(connection: duckdb.DuckDBPyConnection) -> str:
    """The company's name as Fortnox's books say it; empty before the first proof."""
    if not has_table(connection, "proof.fortnox_years"):
        return ""
    row = connection.execute("SELECT company FROM proof.fortnox_years LIMIT 1").fetchone()
    return row[0] if row else ""
