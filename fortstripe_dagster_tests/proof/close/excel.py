"""Reads a workbook as a spreadsheet program does, without what wrote it: the parts of ECMA-376 that lists use."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
Cell = str | float
"""Texts, and numbers as the file says them."""


def sheets(path: Path) -> dict[str, dict[str, Cell]]:
    """Each sheet's cells by address; a formula gives its stored value."""
    with zipfile.ZipFile(path) as book:
        listed = ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind(".//m:sheet", NAMES)
        names = [each.get("name", "") for each in listed]
        return {
            name: _cells(book.read(f"xl/worksheets/sheet{number}.xml")) for number, name in enumerate(names, start=1)
        }


def formulas(path: Path) -> list[str]:
    """All formulas of a workbook."""
    with zipfile.ZipFile(path) as book:
        found = []
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                tree = ElementTree.fromstring(book.read(name))
                found += [each.text or "" for each in tree.iterfind(".//m:f", NAMES)]
        return found


def column(cells: dict[str, Cell], letter: str, first: int, last: int) -> list[Cell]:
    """The filled cells of a column between two rows."""
    return [cells[f"{letter}{row}"] for row in range(first, last + 1) if f"{letter}{row}" in cells]


def letter_of(cells: dict[str, Cell], heading: str, row: int = 5) -> str:
    """Which column has a heading."""
    (found,) = [key for key, value in cells.items() if value == heading and re.fullmatch(rf"[A-Z]+{row}", key)]
    return found.rstrip("0123456789")


def _cells(sheet: bytes) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for cell in ElementTree.fromstring(sheet).iterfind(".//m:c", NAMES):
        number, texts = cell.find("m:v", NAMES), cell.findall("m:is//m:t", NAMES)
        assert cell.get("t") in (None, "inlineStr"), "texts stand in their cells, everything else is a number"
        if texts:
            found[cell.get("r", "")] = "".join(text.text or "" for text in texts)
        elif number is not None and number.text is not None:
            found[cell.get("r", "")] = float(number.text)
    return found
