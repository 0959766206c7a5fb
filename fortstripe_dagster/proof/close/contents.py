"""What a month's close pack says, computed from the warehouse and the journal before it is said in a language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof import certificate, vat_page, vat_tie
from fortstripe_dagster.proof.close import attachments
from fortstripe_dagster.proof.close.checks import Check, checks_of
from fortstripe_dagster.proof.close.lists import Listing, listings, prepare
from fortstripe_dagster.proof.close.orders import Order, orders
from fortstripe_dagster.proof.close.samples import ChainRow, chains
from fortstripe_dagster.proof.explain import Explanation
from fortstripe_dagster.proof.vat_return import EcSalesRow, OssRow, VatBox, vat_lines, vat_return
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import has_table


@dataclass(frozen=True)
class Contents:
    """Everything that the pack says, before it is said in a language."""

    days: Days
    company: str
    organisation_number: str
    proven_at: datetime
    lists: dict[str, Listing]
    checks: tuple[Check, ...]
    vat_pages: dict[Language, str]
    explanations: dict[Language, tuple[Explanation, ...]]


def contents_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, days: Days, languages: tuple[Language, ...]
) -> tuple[Contents, Path]:
    """What there is to say of the days, and the certificate of their last proof.

    Raises Failure when exactly these days have not been proven.
    """
    proven_at, certificate_of_days = _last_proof(connection, days)
    attachments.publish(connection, settings)
    vat = vat_return(connection, days)
    tie = None
    if has_table(connection, "proof.fortnox_vat_codes"):
        tie = vat_tie.vat_tie(connection, days, settings.difference_limit)
    prepare(connection, days)
    drawn = chains(connection, languages)
    given: dict[str, tuple[type, Any]] = {
        "vat_boxes": (VatBox, vat.boxes),
        "vat_fortnox": (vat_tie.VatTieRow, tie.rows if tie else ()),
        "oss": (OssRow, vat.oss),
        "ec_sales": (EcSalesRow, vat.ec_sales),
        "chains": (ChainRow, ()),
        "orders": (Order, orders(settings.journal_path, days)),
    }
    lists = {each.heading.name: each for each in listings(connection, given)}
    row = connection.execute(
        "SELECT company, organisation_number FROM proof.fortnox_years WHERE ? BETWEEN first_day AND last_day",
        [days.last],
    ).fetchone()
    company, organisation_number = row or ("", "")
    checks = checks_of(connection, days, lists, vat, tie)
    lines = vat_lines(connection, days)
    pages = {language: vat_page.as_html(vat, lines, company, tie, language) for language in languages}
    return Contents(days, company, organisation_number, proven_at, lists, checks, pages, drawn), certificate_of_days


def _last_proof(connection: duckdb.DuckDBPyConnection, days: Days) -> tuple[datetime, Path]:
    row = (
        connection.execute(
            "SELECT proven_at, certificate FROM proof.runs WHERE first_day = ? AND last_day = ? "
            "ORDER BY number DESC LIMIT 1",
            [days.first, days.last],
        ).fetchone()
        if has_table(connection, "proof.runs")
        else None
    )
    if row is None or not all(certificate.path_in(Path(row[1]), each).exists() for each in certificate.LANGUAGES):
        raise Failure(f"{days} has not been proven.", "run fortstripe close without --as-proven.")
    return row[0], Path(row[1])
