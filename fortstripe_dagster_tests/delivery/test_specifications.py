"""Specifications: what a daily voucher sums up stands in a file that is attached to it, once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster_tests.delivery.house import House, house


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, sales="daily_voucher") as home:
        home.sale("ch_1", 12500, name="=Anna", description="Bok; röd")
        home.payment("txn_1", "ch_1", 12500)
        home.sale("ch_2", 10600, rate=6, account="3003", vat_account="2631", customer=None, name="", email=None)
        home.payment("txn_2", "ch_2", 10600)
        home.fee("txn_1:fee", 300)
        home.payout("po_1", 20000)
        yield home


def attached(home: House) -> dict[str, list[list[str]]]:
    """The tables of the attached files by the document id of their voucher."""
    found: dict[str, list[list[str]]] = {}
    for connection in home.books.files.connections.values():
        voucher = home.books.ledger.voucher(connection.year, connection.series, connection.number)
        assert voucher is not None
        text = home.books.files.all[connection.file_id].content.decode("utf-8-sig")
        name = voucher.comments.removeprefix("fortstripe:")
        assert name not in found
        found[name] = list(csv.reader(io.StringIO(text), delimiter=";"))
    return found


def test_daily_vouchers_have_their_events_attached(shop: House) -> None:
    report = shop.deliver()
    assert report.exit_code == 0, report.text()
    tables = attached(shop)
    assert sorted(tables) == ["voucher:2026-03-02:SEK:fees", "voucher:2026-03-02:SEK:sales"]
    sales = tables["voucher:2026-03-02:SEK:sales"]
    start = next(place for place, row in enumerate(sales) if row[:1] == ["Tid"])
    rows = [dict(zip(sales[start], row, strict=True)) for row in sales[start + 1 :] if len(row) == len(sales[start])]
    sold = {row["Stripe-id"]: row for row in rows if row["Brutto SEK"]}
    assert (sold["ch_1"]["Brutto SEK"], sold["ch_1"]["Moms SEK"], sold["ch_1"]["Konto"]) == ("125,00", "25,00", "3001")
    assert (sold["ch_1"]["Vad"], sold["ch_1"]["Kund"], sold["ch_1"]["Land"]) == ("Bok; röd", "'=Anna", "SE")
    assert (sold["ch_2"]["Momssats %"], sold["ch_2"]["Kund"]) == ("6,00", "uppgift saknas hos Stripe")
    sums = {row[0]: row[1:] for row in sales[-6:]}
    assert sums["3003"] == ["0", "100,00"] and sums["1686"] == ["231,00", "0"]
    assert shop.deliver().nothing_to_do and len(shop.books.files.all) == 2


@pytest.mark.parametrize("setting, files", [("all", 3), ("off", 0)])
def test_which_vouchers_get_one_is_a_setting(shop: House, setting: str, files: int) -> None:
    assert shop.deliver(attachments=setting).exit_code == 0
    assert len(attached(shop)) == files


def test_one_that_was_off_is_made_up_for_later_without_touching_the_books(shop: House) -> None:
    shop.deliver(attachments="off")
    before = shop.accounts()
    report = shop.deliver()
    assert dict(report.written) == {"specification.create": 2, "specification.connect": 2}
    assert shop.accounts() == before and len(attached(shop)) == 2


@pytest.mark.parametrize("taken", [True, False], ids=["took effect", "did not"])
@pytest.mark.parametrize("path", ["/3/inbox", "/3/voucherfileconnections"])
def test_a_lost_answer_attaches_nothing_twice(shop: House, path: str, taken: bool) -> None:
    lost: list[str] = []

    def first(call: Call) -> bool:
        if call.path != path or not call.writes or lost:
            return False
        lost.append(path)
        return True

    if taken:
        shop.gateway.faults.lose_answer = first
    else:
        shop.gateway.faults.answer = lambda call: DroppedConnection() if first(call) else None
    assert shop.deliver().exit_code == 0
    assert lost and len(attached(shop)) == len(shop.books.files.all) == 2


@pytest.mark.parametrize(
    "status, body",
    [
        (400, {"ErrorInformation": {"Error": 1, "Message": "Saknar behörighet", "Code": 2000663}}),
        (403, {"message": "forbidden"}),
        (404, {"message": "not found"}),
    ],
)
def test_without_the_scope_the_books_are_done_and_the_files_are_held(
    shop: House, status: int, body: dict[str, object]
) -> None:
    shop.gateway.faults.answer = lambda call: (
        JSONResponse(body, status) if call.path == "/3/inbox" and call.writes else None
    )
    report = shop.deliver(fortnox=shop.settings.fortnox.model_copy(update={"in_flight": 1}))
    assert report.exit_code == HELD
    assert {item.kind for item in report.held} == {"specification"} and len(report.held) == 2
    assert "connectfile" in report.held[0].remedy
    # A new token is tried once where the gateway says no; after that no file is.
    assert report.requests["POST inbox"] == (2 if status == 403 else 1)
    assert shop.accounts()["1686"] == "28.00"
    shop.gateway.faults.answer = lambda call: None
    assert shop.deliver().exit_code == 0 and len(attached(shop)) == 2


def test_a_supplement_has_a_specification_of_its_own(shop: House) -> None:
    shop.deliver()
    shop.fee("txn_9:fee", 100)
    assert shop.deliver().exit_code == 0
    assert "voucher:2026-03-02:SEK:fees:2" in attached(shop)


@pytest.fixture
def invoicing(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, attachments="all", fortnox={"settle_seconds": 0}) as home:
        home.sale("ch_1", 12500)
        home.payment("txn_1", "ch_1", 12500)
        home.credit("re_1", "ch_1", 2500)
        yield home


def attached_to_invoices(home: House) -> list[tuple[str, int, bool]]:
    """First line of each file, the invoice that has it, and whether a person would send it along."""
    ties = home.books.files.attachments
    texts = [home.books.files.all[tie.file_id].content.decode("utf-8-sig") for tie in ties]
    return sorted(
        (text.split(";")[0], tie.entity_id, tie.include_on_send) for text, tie in zip(texts, ties, strict=True)
    )


BOTH = [("Underlag till faktura", 1, False), ("Underlag till kreditfaktura", 2, False)]


def test_invoices_and_credits_have_theirs_attached_where_all_is_set(invoicing: House) -> None:
    report = invoicing.deliver()
    assert report.exit_code == 0 and report.written["specification.connect"] == 2, report.text()
    assert attached_to_invoices(invoicing) == BOTH
    first = next(file for file in invoicing.books.files.all.values() if "invoice-ch_1" in file.name)
    assert (first.folder, first.name[:20]) == ("inbox_kf", "stripe-invoice-ch_1-")
    sums = [line.split(";") for line in first.content.decode("utf-8-sig").splitlines()[-4:]]
    assert sums == [
        ["1510", "125,00", "0"],
        ["2611", "0", "25,00"],
        ["3001", "0", "100,00"],
        ["Summa", "125,00", "125,00"],
    ]
    assert invoicing.deliver().nothing_to_do


@pytest.mark.parametrize("path", ["/3/inbox", "/api/fileattachments/attachments-v1"])
def test_a_lost_answer_attaches_nothing_twice_to_an_invoice(invoicing: House, path: str) -> None:
    lost: list[str] = []

    def first(call: Call) -> bool:
        hit = call.path == path and call.writes and not lost
        lost.extend([path] * hit)
        return hit

    invoicing.gateway.faults.lose_answer = first
    assert invoicing.deliver().exit_code == 0 and lost
    assert attached_to_invoices(invoicing) == BOTH


def test_a_lost_journal_knows_again_what_is_attached(invoicing: House) -> None:
    invoicing.deliver()
    for file in invoicing.settings.home.glob("journal.sqlite*"):
        file.unlink()
    delivery.adopt(invoicing.settings, invoicing.warehouse, fortnox=invoicing.client(), progress=invoicing.said.append)
    assert invoicing.deliver().exit_code == 0
    assert attached_to_invoices(invoicing) == BOTH
