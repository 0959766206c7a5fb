"""A refund whose credit note came days later: the money waits for the note on 2420, under every packaging."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import House
from fortstripe_dagster_tests.delivery.test_lost_journal import adopt, lose
from fortstripe_dagster_tests.ledger.books import at, new_world, row

D3, D4, D6 = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 6)


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A paid invoice that was refunded, and whose credit note came four days later, in the ledger."""
    world = new_world()
    sold = world.invoice(
        at=at(9), customer=world.customer(name="Anna", country="SE"),
        lines=[row("Plan", 10000, 1, world.tax_rate(percentage=25))],
    )  # fmt: skip
    world.pay_invoice(sold, at=at(9, 14))
    refund = world.refund(world.invoice_charge(sold), at=at(16))
    world.credit_note(sold, at=at(20), refund=refund)
    with running(world, tmp_path_factory.mktemp("noted")) as company:
        warehouse = Warehouse(company.settings.warehouse_path)
        extract(company.settings, warehouse, MARCH, progress=company.said.append)
        build(company.settings, warehouse)
        return company


def test_money_that_left_before_its_credit_note_waits_for_it_on_2420(noted: Running) -> None:
    (note,) = noted.world.all("credit_note")
    with noted.warehouse() as connection:
        booked = connection.execute(
            "SELECT event_day, kind, account, debit - credit FROM ledger.entries JOIN ledger.lines"
            " USING (entry_id, event_day) WHERE credit_id = ? AND kind <> 'credit' ORDER BY ALL",
            [note["id"]],
        ).fetchall()
    gross = Decimal(note["total"]) / 100
    assert gross == 125 and booked == [
        (date(2026, 3, 16), "refund", "1686", -gross),
        (date(2026, 3, 16), "refund", "2420", gross),
        (date(2026, 3, 20), "advance_settled", "1510", gross),
        (date(2026, 3, 20), "advance_settled", "2420", -gross),
    ]


@pytest.mark.parametrize("sales", ["invoice", "daily_voucher"])
def test_money_that_left_before_its_credit_note_meets_it_on_its_day(noted: Running, tmp_path: Path, sales: str) -> None:
    with noted.once_more(tmp_path, sales=sales, fortnox={"settle_seconds": 0}) as company:
        report = company.deliver()
        assert report.exit_code == 0, report.text()
        left = company.general_ledger()
        assert left and not {"1510", "1511", "2420", "2611", "3001"} & left.keys(), left
        assert company.books.open_receivables() == []
        assert company.deliver(Days(date(2026, 3, 16), date(2026, 3, 20))).nothing_to_do
        assert company.prove().exit_code == 0


def delivered(home: House, *, kept: int = 0) -> None:
    """A sale of 100 kr, refunded but for `kept` öre, is in Fortnox."""
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.credit("re_1", "ch_1", 10000 - kept, day=D4)
    home.refund("txn_2", "ch_1", "re_1", 10000 - kept, day=D4)
    assert home.deliver().exit_code == 0


def noted_later(home: House, *, kept: int = 0) -> None:
    """The credit note came two days after the refund."""
    gross = to_decimal(10000 - kept)
    home.remove("re_1:credit")
    note(home, D6, kept=kept)
    moved = {"sale_id": "ch_1", "credit_id": "cn_1"}
    home.entry("txn_2", "refund", [("1686", f"-{gross}"), ("2420", f"{gross}")], day=D4, **moved)
    home.entry("txn_2:settled", "advance_settled", [("2420", f"-{gross}"), ("1510", f"{gross}")], day=D6, **moved)


def noted_earlier(home: House, *, kept: int = 0) -> None:
    """The credit note is dated before the refund."""
    home.remove("re_1:credit")
    home.remove("txn_2:settled")
    note(home, D3, kept=kept)
    home.refund("txn_2", "ch_1", "cn_1", 10000 - kept, day=D4)


def note(home: House, day: date, *, kept: int = 0) -> None:
    for table in ("credits", "credit_rows"):
        home.sql(f"DELETE FROM ledger.{table} WHERE credit_id = 'cn_1'")
    home.credit("cn_1", "ch_1", 10000 - kept, day=day)


def left(kept: int) -> dict[str, str]:
    """What the books say once all is done: the money that was kept, its revenue and VAT."""
    vat = Decimal(kept) / 100 - (Decimal(kept) / 125).quantize(Decimal("0.01"))
    net = Decimal(kept) / 100 - vat
    return {"1686": f"{to_decimal(kept)}", "2611": f"{-vat}", "3001": f"{-net}"} if kept else {}


def balances(home: House) -> list[str]:
    """What is open of each invoice in Fortnox, in the order of their numbers."""
    return [str(invoice.balance) for invoice in home.books.invoices.all.values()]


def test_a_refund_that_was_delivered_before_its_note_came_is_moved_to_the_note(home: House) -> None:
    delivered(home)
    noted_later(home)
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    assert home.accounts() == {}
    assert balances(home) == ["0.00"] * 4
    assert home.deliver().nothing_to_do


@pytest.mark.parametrize("kept", [0, 2501])
@pytest.mark.parametrize("moved", [True, False], ids=["moved", "not moved yet"])
def test_a_lost_journal_knows_a_moved_refund_again(home: House, moved: bool, kept: int) -> None:
    delivered(home, kept=kept)
    noted_later(home, kept=kept)
    if moved:
        assert home.deliver().exit_code == 0
    wrote, accounts = home.writes(), home.accounts()
    lose(home)
    report = adopt(home)
    assert report.unplaced == (), report.text()
    again = home.deliver()
    assert again.nothing_to_do == moved, again.text()
    assert home.accounts() == accounts and (home.writes() == wrote) == moved
    assert again.exit_code == 0 and balances(home) == ["0.00"] * 4
    assert home.deliver().nothing_to_do


@pytest.mark.parametrize("kept", [0, 2501])
@pytest.mark.parametrize("lost", [False, True], ids=["kept journal", "lost journal"])
def test_a_delivered_refund_whose_note_is_dated_before_it_pays_the_note(home: House, lost: bool, kept: int) -> None:
    delivered(home, kept=kept)
    noted_earlier(home, kept=kept)
    assert home.deliver().exit_code == 0
    wrote = home.writes()
    if lost:
        lose(home)
        report = adopt(home)
        assert report.unplaced == (), report.text()
    again = home.deliver()
    assert again.nothing_to_do, again.text()
    assert home.writes() == wrote and home.accounts() == left(kept)
    assert balances(home) == ["0.00"] * 4


def test_what_pays_an_earlier_note_waits_until_the_day_of_the_note_is_delivered(home: House) -> None:
    delivered(home)
    noted_earlier(home)
    report = home.deliver(Days(D4, D4))
    assert {item.reason for item in report.waiting} == {"Waits for credit_invoice:cn_1, which is not in Fortnox."}
    assert home.deliver(Days(D3, D3)).exit_code == 0
    assert home.deliver(Days(D4, D4)).exit_code == 0
    assert home.accounts() == {} and balances(home) == ["0.00"] * 4
    assert home.deliver().nothing_to_do


@pytest.mark.parametrize("kept", [0, 2501])
@pytest.mark.parametrize("known", [True, False], ids=["refund delivered first", "note delivered first"])
def test_a_note_that_moves_before_its_refund_moves_in_fortnox(home: House, known: bool, kept: int) -> None:
    if known:
        delivered(home, kept=kept)
    else:
        home.sale("ch_1", 10000)
        home.payment("txn_1", "ch_1", 10000)
    noted_later(home, kept=kept)
    assert home.deliver().exit_code == 0
    noted_earlier(home, kept=kept)
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    assert home.accounts() == left(kept)
    assert set(balances(home)) == {"0.00"}
    newest = list(home.books.invoices.all.values())[-1]
    assert (newest.header["ExternalInvoiceReference1"], newest.day) == ("cn_1:2", D3)
    assert home.deliver().nothing_to_do
    noted_later(home, kept=kept)
    assert home.deliver().exit_code == 0
    assert home.accounts() == left(kept) and set(balances(home)) == {"0.00"}
    assert home.deliver().nothing_to_do


def test_a_part_of_a_delivered_refund_waits_until_the_whole_can_be_corrected(home: House) -> None:
    delivered(home)
    home.remove("re_1:credit")
    home.change("DELETE FROM ledger.credits WHERE credit_id = 're_1'")
    home.change("DELETE FROM ledger.credit_rows WHERE credit_id = 're_1'")
    home.credit("re_1", "ch_1", 4000, day=D4)
    home.refund("txn_2", "ch_1", "re_1", 4000, day=D4)
    home.credit("cn_1", "ch_1", 6000, day=D4)
    part = [("1686", "-60.00"), ("1510", "60.00")]
    home.entry("txn_2:cn_1", "refund", part, day=D4, sale_id="ch_1", credit_id="cn_1")
    report = home.deliver()
    assert report.exit_code == 3, report.text()
    assert "It is a part of what correction:" in report.text()
    assert "1686" not in home.accounts(), "the money that left once has left once"
