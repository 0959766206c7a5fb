"""The close pack of a rich month: complete, tied to the ledger, the same in both languages and each time it is made."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import Journal
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.proof.close import ClosePack, close_month, month_of
from fortstripe_dagster.proof.close.lists import headings
from fortstripe_dagster.proof.close.pack import MANIFEST
from fortstripe_dagster.proof.report import equations_of
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.close.conftest import Closed
from fortstripe_dagster_tests.proof.close.excel import column, formulas, letter_of, sheets
from fortstripe_dagster_tests.proof.company import Host

D = Decimal


def again(closed: Closed, home: Path, languages: tuple[Language, ...] = ("sv", "en")) -> ClosePack:
    """Close a copy of the company once more, without asking Fortnox."""
    if not home.exists():
        shutil.copytree(closed.company.settings.home, home)
    settings = closed.company.settings.model_copy(update={"home": home})
    warehouse = Warehouse(settings.warehouse_path)
    return close_month(settings, warehouse, MARCH, languages, lambda line: None, as_proven=True)


def failing(pack: ClosePack) -> list[tuple[str, str, str]]:
    """The checks that are alarms."""
    return [(each.section, each.name, each.about) for each in pack.checks if each.outcome == "alarm"]


def test_nothing_is_wrong_and_the_tax_invoice_alone_waits(rich: Closed) -> None:
    waiting = [(each.name, each.about, each.remark) for each in rich.pack.checks if each.outcome == "waits"]
    assert waiting == [("tax_invoice", "EUR", "not_attached"), ("tax_invoice", "SEK", "no_amount")]
    assert failing(rich.pack) == [] and (rich.pack.outcome, rich.pack.exit_code) == ("waits", 3)


def test_the_cover_says_what_the_proof_says(rich: Closed) -> None:
    with rich.company.warehouse.writer() as connection:
        equations = [each for each in equations_of(connection, MARCH) if each.equation != "6"]
    shown = [each for each in rich.pack.checks if each.name.startswith("equation:")]
    assert {(each.name[9:], each.left, each.right, each.outcome) for each in shown} == {
        (each.equation, each.left_side, each.right_side, each.status) for each in equations
    }
    assert len(shown) == len(equations) > 10
    page = rich.page("sv")
    assert "Underlag = Fortnox, avräkning" in page and "825,18" in page
    assert "825.18" in rich.page("en")


def test_every_section_has_its_files_and_every_list_its_sheet(rich: Closed) -> None:
    for language in ("sv", "en"):
        folder = rich.folder(language)
        names = {path.name for path in folder.glob("*.xlsx")}
        assert sorted(name[:2] for name in names) == [f"{number:02}" for number in range(15)]
        titles = {getattr(each, language) for each in headings()}
        assert {title for name in names for title in sheets(folder / name)} == titles
        assert {"manifest.txt", "13_sie.si"} <= {path.name for path in folder.iterdir()}
    assert (rich.folder("en") / "13_certificate.html").read_text("utf-8").startswith("<!doctype html>")


def test_totals_are_the_ledgers(rich: Closed) -> None:
    """Beside the pack's own comparison: straight from the ledger's lines, and as a spreadsheet reads the files."""

    def balance(account: str, until: str = "2026-03-31") -> float:
        ((found,),) = rich.company.sql(
            "SELECT coalesce(sum(debit - credit), 0) FROM ledger.lines WHERE account = ? AND event_day <= ?::DATE",
            account, until,
        )  # fmt: skip
        return float(found)

    def total(file: str, sheet: str, heading: str) -> float:
        cells = sheets(rich.folder("en") / file)[sheet]
        letter, last = letter_of(cells, heading), next(int(key[1:]) for key, value in cells.items() if value == "Total")
        parts, found = column(cells, letter, 6, last - 1), cells[f"{letter}{last}"]
        assert isinstance(found, float) and round(sum(map(float, parts)), 2) == found
        return found

    assert total("01_clearing.xlsx", "Clearing roll-forward", "Kronor") == balance("1686") + balance("1687") != 0
    assert total("02_transit_and_bank.xlsx", "On the way to the bank", "Kronor") == balance("1689") == 743.40
    assert total("04_receivables.xlsx", "Receivables by age", "Kronor") == balance("1510") == 1000
    assert total("06_disputes.xlsx", "Disputes", "Closing") == balance("1516") == 299
    assert total("08_owed_and_deferred.xlsx", "Deferred revenue", "Closing") == -balance("2970") > 900
    fees = balance("6570") + balance("6571") - balance("6570", "2026-02-28")
    assert total("07_fees.xlsx", "Fees by class", "Kronor") == fees > 0


def test_the_next_month_opens_where_this_one_closed(rich: Closed, tmp_path: Path, host: Host) -> None:
    shutil.copytree(rich.company.settings.home, tmp_path / "home")
    settings = rich.company.settings.model_copy(update={"home": tmp_path / "home"})
    host.app = rich.company.app
    april = close_month(
        settings, Warehouse(settings.warehouse_path), month_of("2026-04"), ("en",), lambda line: None,
        fortnox=rich.company.fortnox,
    )  # fmt: skip
    assert failing(april) == []

    def totals(folder: Path, file: str, sheet: str) -> dict[str, float]:
        cells = sheets(folder / file)[sheet]
        last = next(int(key[1:]) for key, value in cells.items() if value == "Total")
        return {name: float(cells[f"{letter_of(cells, name)}{last}"]) for name in ("Opening", "Closing")}

    for file, sheet in (
        ("06_disputes.xlsx", "Disputes"),
        ("08_owed_and_deferred.xlsx", "Owed and deferred"),
        ("08_owed_and_deferred.xlsx", "Deferred revenue"),
    ):
        closed, opened = totals(rich.folder("en"), file, sheet), totals(april.folders[0], file, sheet)
        assert closed["Closing"] == opened["Opening"] != 0
    owed = sheets(rich.folder("en") / "08_owed_and_deferred.xlsx")
    assert 500.0 in owed["Gift cards"].values() and 800.0 in owed["Advances and debts by item"].values()


def test_what_does_not_hold_is_named(rich: Closed, tmp_path: Path) -> None:
    """A total that is one öre off the ledger, a day that was never read, a dispute that is over and left its sum."""
    shutil.copytree(rich.company.settings.home, tmp_path / "home")
    with Warehouse(tmp_path / "home" / "warehouse.duckdb").transaction() as connection:
        connection.execute("UPDATE ledger.deferred_revenue SET closing_ore = closing_ore + 1")
        connection.execute("DELETE FROM ledger.covered_days WHERE day = '2026-03-15'")
        connection.execute("UPDATE stripe.disputes SET status = 'won' WHERE status = 'needs_response'")
        connection.execute("UPDATE stripe.control_totals SET difference = 100 WHERE currency = 'SEK'")
    pack = again(rich, tmp_path / "home", ("en",))
    (control,) = [each for each in pack.checks if each.name == "stripe_control" and each.outcome == "alarm"]
    assert control.about == "balance payments SEK"
    others = [each for each in failing(pack) if each[1] != "stripe_control"]
    assert others == [("08", "tie:closing", "deferred:closing:2970"), ("13", "every_day_read", "")]
    (tie,) = [each for each in pack.checks if each.name == "tie:closing"]
    assert tie.difference == D("0.01") and pack.exit_code == 1
    assert "Deferred revenue: closing = closing balance of 2970, Difference 0.01" in pack.text()
    (over,) = [each for each in pack.checks if each.name == "disputes_over"]
    assert (over.outcome, over.left) == ("waits", D("299.00")) and over.remark.startswith("du_")


def test_the_same_warehouse_gives_the_same_bytes(rich: Closed, tmp_path: Path) -> None:
    second = again(rich, tmp_path / "home")
    assert second.hash == rich.pack.hash
    for first, copy in zip(rich.pack.archives, second.archives, strict=True):
        with zipfile.ZipFile(first) as one, zipfile.ZipFile(copy) as other:
            assert one.namelist() == other.namelist() and len(one.namelist()) > 18
            for name in one.namelist():
                texts = [archive.read(name) for archive in (one, other)]
                if name.endswith(MANIFEST):
                    texts = [text.rpartition(b"# ")[0] for text in texts]
                assert texts[0] == texts[1], name


def test_the_manifest_has_the_hash_of_every_file(rich: Closed) -> None:
    for folder in rich.pack.folders:
        *lines, made = (folder / MANIFEST).read_text("utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
        files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
        assert set(listed) | {MANIFEST} == set(files) and made.startswith("# 20")
        assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == listed[name] for name in listed)


def test_what_customers_typed_is_text(rich: Closed) -> None:
    assert "Anna &lt;b&gt;Berg" in rich.page("sv") and "<b>Berg" not in rich.page("sv")
    books = list(rich.folder("sv").glob("*.xlsx"))
    said = {value for book in books for cells in sheets(book).values() for value in cells.values()}
    assert "=SUM(A1:A9)" in said and "SUM(A1:A9)" not in {formula for book in books for formula in formulas(book)}


def test_what_people_ordered_is_in_the_treatment_history(rich: Closed, tmp_path: Path) -> None:
    shutil.copytree(rich.company.settings.home, tmp_path / "home")
    with Journal(tmp_path / "home" / "journal.sqlite") as journal:
        journal.order("voucher:2026-03-02:SEK:fees", "undo", "wrong account", "Karin")
    pack = again(rich, tmp_path / "home", ("sv",))
    cells = sheets(pack.folders[0] / "12_regler_och_installningar.xlsx")["Ångrat, gjort om, övertaget"]
    assert [cells[f"{letter}6"] for letter in "BCDE"] == [
        "voucher:2026-03-02:SEK:fees",
        "ångrat",
        "wrong account",
        "Karin",
    ]


def test_sales_in_foreign_currency_show_their_calculation(rich: Closed) -> None:
    cells = sheets(rich.folder("en") / "09_exchange_rates.xlsx")["Sales in foreign currency"]
    amount, rate, kronor = (cells[f"{letter_of(cells, name)}6"] for name in ("Amount", "Rate", "Kronor"))
    assert amount == 100 and isinstance(rate, float) and kronor == round(100 * rate, 2) > 1000


def test_the_cut_off_lists_both_sides_of_the_turn(rich: Closed) -> None:
    cells = sheets(rich.folder("en") / "10_cut_off.xlsx")["Ten days each side"]
    days = column(cells, letter_of(cells, "Day"), 6, 200)
    excel = {date(1899, 12, 30).toordinal() + int(day): day for day in days if isinstance(day, float)}
    listed = {date.fromordinal(number) for number in excel}
    assert date(2026, 3, 2) in listed and date(2026, 3, 31) in listed and date(2026, 3, 16) not in listed


def test_samples_lead_from_fortnox_to_stripe(rich: Closed) -> None:
    cells = sheets(rich.folder("en") / "14_samples.xlsx")
    numbers = column(cells["Samples"], "A", 6, 40)
    assert numbers == [float(number) for number in range(1, 26)]
    steps = set(column(cells["Their whole chains"], letter_of(cells["Their whole chains"], "What"), 6, 2000))
    assert {"entry", "document", "line", "balance transaction", "payout", "dispute", "charge", "sale"} <= steps
    page = next(rich.folder("sv").glob("14_*.html")).read_text("utf-8")
    assert page.count("<article>") == 25 and "saldotransaktion" in page


def test_a_month_that_cannot_be_closed_says_why(rich: Closed) -> None:
    settings, warehouse = rich.company.settings, rich.company.warehouse
    for month, said in (("2026-02", "before"), ("2026-04", "not been proven")):
        with pytest.raises(Failure, match=said):
            close_month(settings, warehouse, month_of(month), as_proven=True)
    with pytest.raises(Failure, match="has not ended"):
        close_month(settings, warehouse, MARCH, now=datetime(2026, 3, 31, 20, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="YYYY-MM"):
        month_of("March")
    assert month_of("2028-02") == Days(date(2028, 2, 1), date(2028, 2, 29))


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium without a window."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    return found


def run(browser: str, folder: Path, *arguments: str) -> str:
    """What it says on stdout."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    done = subprocess.run([browser, *options, *arguments], check=True, capture_output=True, timeout=120)
    return done.stdout.decode()


def test_no_page_is_wider_than_its_window_and_all_draw_something(rich: Closed, browser: str, tmp_path: Path) -> None:
    """Each page in a frame of a screen's width; a script in the page around them measures what was drawn."""
    pages = sorted(page for folder in rich.pack.folders for page in folder.glob("*.html"))
    assert len(pages) == 8
    frames = "".join(f'<iframe src="{page.as_uri()}" width="1200" height="900"></iframe>' for page in pages)
    around = tmp_path / "around.html"
    around.write_text(
        frames
        + """<pre></pre><script>window.onload = () => { document.querySelector("pre").textContent = JSON.stringify(
        [...document.querySelectorAll("iframe")].map(({ contentDocument: page }) => [page.documentElement.scrollWidth,
        page.documentElement.clientWidth, page.body.scrollHeight, page.querySelectorAll("svg rect").length])); };
        </script>""",
        encoding="utf-8",
    )
    dom = run(browser, tmp_path, "--allow-file-access-from-files", "--dump-dom", around.as_uri())
    found = re.search(r"<pre>(.*?)</pre>", dom)
    assert found is not None
    drawn = dict(zip([f"{page.parent.name}/{page.name}" for page in pages], json.loads(found[1]), strict=True))
    assert {name for name, (width, window, _, _) in drawn.items() if width > window} == set(), drawn
    assert all(height > 900 for _, _, height, _ in drawn.values()), drawn
    assert {name for name, (*_, bars) in drawn.items() if bars >= 3 * 31} == {"sv/00_omslag.html", "en/00_cover.html"}


def test_the_cover_prints(rich: Closed, browser: str, tmp_path: Path) -> None:
    (cover,) = rich.folder("sv").glob("00_*.html")
    printed = tmp_path / "cover.pdf"
    run(browser, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={printed}", cover.as_uri())
    pages = len(re.findall(rb"/Type /Page\b", printed.read_bytes()))
    assert 5 <= pages <= 20, "the cover, its charts and the head of each list"
