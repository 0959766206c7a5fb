"""The lists as workbooks (xlsx): one for each section, one sheet a list, with live sums and what they must equal.

Amounts are numbers, days are dates, everything else is text: nothing that a customer typed can become a formula.
The same lists make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from fortstripe_dagster.proof.close.lists import Listing
from fortstripe_dagster.proof.close.speech import PackSpeech

MOST = 1_000_000
"""Rows on one sheet; Excel holds 1 048 576, a longer list goes on on the next."""
HEAD = 4
"""The row of the column headings, counted from nought; above it stand the title and what the list is of."""
WIDEST, SAMPLED = 48, 500
"""The widest column in characters, and from how many rows the widths are taken."""


def write(path: Path, listings: Sequence[Listing], speech: PackSpeech, company: str, about: str, made: date) -> None:
    """Write a section's lists. `about` is the period, `made` the day that the file says it was made on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {
        "constant_memory": True,  # a row is on disk before the next is made
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties(
            {"title": path.stem, "company": company, "created": datetime(made.year, made.month, made.day)}
        )
        formats = _Formats(book)
        for listing in listings:
            title = speech.title(listing.heading)
            for first in range(0, max(len(listing.rows), 1), MOST):
                sheet = book.add_worksheet(f"{title[:27]} {first // MOST + 1}" if first else title)
                _sheet(sheet, listing, first, speech, formats, f"{company}, {about}")


class _Formats:
    """How cells look."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.title: Format = book.add_format({"bold": True, "font_size": 14})
        self.faint: Format = book.add_format({"font_color": "#6a7386"})
        self.head: Format = book.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#eef1f6", "text_wrap": True, "valign": "top"}
        )
        self.amount: Format = book.add_format({"num_format": "#,##0.00"})
        self.rate: Format = book.add_format({"num_format": "0.0000"})
        self.day: Format = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.sum: Format = book.add_format({"bold": True, "top": 1, "num_format": "#,##0.00"})
        self.wrong: Format = book.add_format({"bold": True, "num_format": "#,##0.00", "font_color": "#b3201f"})


def _sheet(sheet: Worksheet, listing: Listing, first: int, speech: PackSpeech, formats: _Formats, about: str) -> None:
    """The rows of a list from `first` on, as many as fit; the sums stand below the last."""
    columns, rows = listing.columns, listing.rows[first : first + MOST]
    sheet.write_string(0, 0, speech.title(listing.heading), formats.title)
    sheet.write_string(1, 0, about, formats.faint)
    sheet.write_string(2, 0, speech.rows(len(listing.rows)), formats.faint)
    for place, name in enumerate(columns):
        sheet.write_string(HEAD, place, speech.column(name), formats.head)
        sheet.set_column(place, place, _width(listing, place, speech))
    for number, row in enumerate(rows, start=HEAD + 1):
        for place, value in enumerate(row):
            _cell(sheet, number, place, columns[place], value, speech, formats)
    last = HEAD + len(rows)
    if rows:
        sheet.autofilter(HEAD, 0, last, len(columns) - 1)
    if first + len(rows) == len(listing.rows):
        _sums(sheet, listing, last, speech, formats)
    sheet.freeze_panes(HEAD + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD)
    sheet.set_footer("&L&F &A&R&P / &N")


def _cell(
    sheet: Worksheet, row: int, place: int, column: str, value: Any, speech: PackSpeech, formats: _Formats
) -> None:
    if value is None:
        return
    if isinstance(value, Decimal):
        sheet.write_number(row, place, value, formats.rate if column == "rate" else formats.amount)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), formats.day)
    elif isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, speech.cell(column, value))


def _sums(sheet: Worksheet, listing: Listing, last: int, speech: PackSpeech, formats: _Formats) -> None:
    """The total row, and below it each total beside the ledger's accounts."""
    total = last + 1
    if listing.heading.sums:
        sheet.write_string(total, 0, speech.word("total"), formats.sum)
    for column, amount in listing.totals.items():
        place = listing.columns.index(column)
        if 0 < len(listing.rows) <= MOST:
            name = xlsxwriter.utility.xl_col_to_name(place)
            sheet.write_formula(total, place, f"=SUM({name}{HEAD + 2}:{name}{last + 1})", formats.sum, amount)
        else:
            sheet.write_number(total, place, amount, formats.sum)
    for number, tie in enumerate(listing.ties, start=total + 2):
        sheet.write_string(number, 0, speech.tie(tie))
        place = listing.columns.index(tie.column)
        sheet.write_number(number, place, tie.ledger, formats.wrong if tie.difference else formats.amount)
        sheet.write_string(number, place + 1, speech.apart(tie) if tie.difference else speech.word("agrees"))


def _width(listing: Listing, place: int, speech: PackSpeech) -> int:
    texts = [speech.column(listing.columns[place])]
    texts += [f"{row[place]}" for row in listing.rows[:SAMPLED] if row[place] is not None]
    return max(9, min(WIDEST, max(map(len, texts)) + 2))
