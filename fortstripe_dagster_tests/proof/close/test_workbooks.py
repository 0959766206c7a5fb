"""Workbooks: a list that is longer than a sheet, an empty one, and charts of odd figures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fortstripe_dagster.proof.close import charts, workbooks
from fortstripe_dagster.proof.close.lists import Heading, Listing
from fortstripe_dagster.proof.close.speech import PackSpeech
from fortstripe_dagster_tests.proof.close.excel import formulas, sheets

D = Decimal
DAY = date(2026, 3, 1)


def written(path: Path, rows: int) -> dict[str, dict[str, str | float]]:
    """A list of days and kronor, as a spreadsheet reads it."""
    heading = Heading("01", "any", ("kronor",), "Long", "Lång")
    listing = Listing(heading, ("day", "kronor"), tuple((DAY, D("1.10")) for _ in range(rows)))
    workbooks.write(path, [listing], PackSpeech("sv"), "Bolaget AB", "2026-03", DAY)
    return sheets(path)


def test_a_list_longer_than_a_sheet_goes_on_on_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST", 3)
    found = written(tmp_path / "long.xlsx", 7)
    assert list(found) == ["Lång", "Lång 2", "Lång 3"]
    assert [sum(value == 1.1 for value in cells.values()) for cells in found.values()] == [3, 3, 1]
    assert (found["Lång 3"]["A7"], found["Lång 3"]["B7"]) == ("Summa", 7.7), "the sum of all sheets, on the last"
    assert "Summa" not in found["Lång 2"].values() and formulas(tmp_path / "long.xlsx") == []


def test_an_empty_list_says_so_and_sums_to_nought(tmp_path: Path) -> None:
    (cells,) = written(tmp_path / "empty.xlsx", 0).values()
    assert (cells["A3"], cells["A5"], cells["B5"], cells["A6"], cells["B6"]) == ("0 rader", "Dag", "Kronor", "Summa", 0)


@pytest.mark.parametrize("values", [["0"], ["-5", "3"], ["0.01"], ["1000000"] * 31, ["-7"]])
@pytest.mark.parametrize("draw", [charts.bars, charts.line])
def test_charts_stay_inside_their_frame(draw: object, values: list[str]) -> None:
    days = [DAY + timedelta(days=number) for number in range(len(values))]
    assert callable(draw)
    tree = ElementTree.fromstring(
        str(draw("Försäljning <b>", days, [D(each) for each in values], PackSpeech("sv").whole))
    )
    places = [float(each.get(name, 0)) for each in tree.iter() for name in ("y", "y1", "y2")]
    assert min(places) >= 0 and max(places) <= charts.HEIGHT
    assert tree.get("aria-label") == "Försäljning <b>"
