"""The VAT return as a page to read, print and file, and as files for a spreadsheet.

The page is whole in itself and in one language. The files are for Swedish Excel: UTF-8 with a mark, semicolons,
decimal commas.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from fortstripe_dagster.pages import templates, write_whole
from fortstripe_dagster.proof.speech import Speech
from fortstripe_dagster.proof.vat_return import EcSalesRow, OssRow, VatBox, VatFinding, VatLine, VatReturn
from fortstripe_dagster.proof.vat_tie import VatTie, VatTieRow
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.texts import cell

SHOWN = 200
"""Lines of a box on the page; all of them are in the files and in proof.vat_lines."""


def write_page(
    found: VatReturn,
    lines: tuple[VatLine, ...],
    path: Path,
    company: str,
    tie: VatTie | None = None,
    language: Language = "sv",
) -> Path:
    """Write the page, whole or not at all. `lines` are those of `vat_lines`, in their order."""
    return write_whole(path, as_html(found, lines, company, tie, language))


def as_html(
    found: VatReturn, lines: tuple[VatLine, ...], company: str, tie: VatTie | None = None, language: Language = "sv"
) -> str:
    """The page. Every text in it is escaped: names come from customers."""
    speech = Speech(language)
    environment = templates("fortstripe_dagster.proof", money=speech.money)
    environment.filters["whole"] = lambda amount: f"{amount:,}".replace(",", " ").replace("-", "−")
    return environment.get_template("vat.html").render(
        found=found,
        speech=speech,
        say=speech.either,
        company=company,
        lines={box: list(rows) for box, rows in groupby(lines, lambda line: line.box)},
        tie=tie,
        shown=SHOWN,
    )


def write_files(
    found: VatReturn, lines: tuple[VatLine, ...], folder: Path, tie: VatTie | None = None
) -> tuple[Path, ...]:
    """Write vat_boxes.csv, vat_lines.csv, oss.csv, ec_sales.csv, vat_findings.csv and, with a tie, vat_tie.csv."""
    tables: dict[str, tuple[type, Iterable[Any]]] = {
        "vat_boxes": (VatBox, found.boxes),
        "vat_lines": (VatLine, lines),
        "oss": (OssRow, found.oss),
        "ec_sales": (EcSalesRow, found.ec_sales),
        "vat_findings": (VatFinding, (*found.findings, *(tie.findings if tie else ()))),
    }
    if tie:
        tables["vat_tie"] = (VatTieRow, tie.rows)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (kind, rows) in tables.items():
        paths.append(folder / f"{name}.csv")
        with paths[-1].open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, [each.name for each in fields(kind)], delimiter=";")
            writer.writeheader()
            writer.writerows(_cells(asdict(row)) for row in rows)
    return tuple(paths)


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value).replace(".", ",")
    return cell(value) if isinstance(value, str) else value
