"""A clean month gives no finding; each planted error is named on the cover and in the list of findings."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest

from fortstripe_dagster.proof.close import ClosePack
from fortstripe_dagster.proof.sentences import in_swedish
from fortstripe_dagster_tests.proof.close.conftest import Closed, close_in
from fortstripe_dagster_tests.proof.close.excel import sheets
from fortstripe_dagster_tests.proof.company import Company
from fortstripe_dagster_tests.proof.test_planted import edit, unnoted

D = Decimal
ENGLISH = r"\b(the|is|of|and|was|has|not|are|with|by|which|than)\b"
"""Words that no Swedish sentence has."""


def closed(company: Company) -> tuple[ClosePack, str]:
    """The pack in English, and all that its list of findings and its cover say."""
    pack = close_in(company, "en")
    (book,) = pack.folders[0].glob("11_*.xlsx")
    return pack, " ".join(str(value) for cells in sheets(book).values() for value in cells.values()) + pack.text()


def test_a_clean_month_gives_none(clean_month: Closed) -> None:
    pack = clean_month.pack
    others = {(each.name, each.outcome) for each in pack.checks if each.outcome != "ok"}
    assert others == {("stripe_control", "explained")}
    assert (pack.outcome, pack.exit_code) == ("explained", 0), "a test account has no report, and that is said"


def a_missing_fee(company: Company) -> str:
    ((entry, transaction),) = company.sql(
        "SELECT entry_id, balance_transaction FROM ledger.entries WHERE kind = 'fee' ORDER BY 1 LIMIT 1"
    )
    for table in ("lines", "entries", "fees"):
        company.sql(f"DELETE FROM ledger.{table} WHERE entry_id = ?", entry)
    return str(transaction)


def a_doubled_voucher(company: Company) -> str:
    original = company.books.vouchers(2, "S")[0]
    year = company.books.ledger.required_year_of(original.day)
    company.books.ledger.post_manual(year, "S", original.day, original.description, original.rows)
    return f"repeats voucher S {original.number} of 2026"


def an_edited_invoice(company: Company) -> str:
    clock = company.books.clock
    company.books.clock = lambda: clock() + timedelta(minutes=5)
    invoice = company.books.invoices.get(1)
    invoice.header.update(InvoiceDate=date(2026, 3, 9))
    invoice.modified = company.books.clock()
    return "has InvoiceDate 2026-03-09 in Fortnox"


def a_wrong_vat_box(company: Company) -> str:
    company.books.ledger.accounts[2][3001].vat_code = "MF"
    return "account 3001"


def a_manual_voucher(company: Company) -> str:
    number = unnoted(company, date(2026, 3, 20), {"1686": D(-500), "1930": D(500)}, "A")
    return f"voucher A {number} of 2026"


def something_unknown(company: Company) -> str:
    unnoted(company, date(2026, 3, 20), {"2999": D(-77), "1930": D(77)}, "A")
    return "Unknown movements: nothing left Fortnox 2999, Difference −77.00"


def one_ore(company: Company) -> str:
    edit(company.books.vouchers(2, "S")[1], "1686", "3740", D("0.01"))
    return "0.01 SEK in debit on account 1686"


@pytest.mark.parametrize(
    "planted",
    [
        [
            (a_missing_fee, "alarm", "equation:1"),
            (an_edited_invoice, "alarm", "nothing_changed"),
            (a_wrong_vat_box, "alarm", "vat_fortnox"),
            (something_unknown, "waits", "suspense_empty"),
        ],
        [
            (a_doubled_voucher, "alarm", "equation:2"),
            (one_ore, "alarm", "equation:2"),
            (a_manual_voucher, "alarm", "nothing_changed"),
        ],
    ],
    ids=["in Stripe, invoices and accounts", "in vouchers"],
)
def test_each_planted_error_is_caught_and_named(
    clean: Company, planted: list[tuple[Callable[[Company], str], str, str]]
) -> None:
    """Several in one pack, so that none hides another; each alone is a test of the proof."""
    names = [plant(clean) for plant, _, _ in planted]
    pack, said = closed(clean)
    assert (pack.outcome, pack.exit_code) == ("alarm", 1)
    assert [name for name in names if name not in said] == []
    outcomes = {(each.name, each.outcome) for each in pack.checks}
    assert [(check, outcome) for _, outcome, check in planted if (check, outcome) not in outcomes] == []
    assert_no_english(clean)


def assert_no_english(company: Company) -> None:
    """The Swedish pack says every finding in Swedish: on its pages and in its workbooks stands none of the English."""
    (swedish,) = close_in(company, "sv", as_proven=True).folders
    found = company.sql(
        "SELECT text, remedy FROM proof.items UNION SELECT text, '' FROM proof.drift WHERE gone_at IS NULL"
    )
    english = {text for row in found for text in row if text}
    assert len(english) > 4 and {text for text in english if in_swedish(text) == text} == set()
    pages = [unescape(path.read_text("utf-8")) for path in swedish.glob("*.html")]
    cells = {
        str(value) for book in swedish.glob("*.xlsx") for sheet in sheets(book).values() for value in sheet.values()
    }
    assert {text for text in english if text in cells or any(text in page for page in pages)} == set()
    assert all(any(in_swedish(text) in cell for cell in cells) for text in english)
    words = {text for text in (*cells, *re.findall(r">([^<>{}]+)<", "".join(pages))) if re.search(ENGLISH, text)}
    assert words == set()
