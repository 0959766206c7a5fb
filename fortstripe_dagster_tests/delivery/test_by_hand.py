"""What a person booked by hand is adopted where it says the same as ours, else refused with the differences."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery.journal.history import BY_HAND
from fortstripe_dagster.failures import HELD, DeliveryStopped, Failure
from fortstripe_dagster_tests.delivery.house import House

FEES = "voucher:2026-03-02:SEK:fees"
D2, D3, D4 = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def books(home: House, rows: Sequence[tuple[int, str]], day: date = D2, series: str = "A") -> str:
    """A person's voucher in Fortnox; rows are account and signed amount."""
    voucher = home.books.create_voucher(
        {
            "Description": "för hand", "TransactionDate": day, "VoucherSeries": series,
            "VoucherRows": [
                {"Account": account, "Debit" if Decimal(value) > 0 else "Credit": abs(Decimal(value))}
                for account, value in rows
            ],
        },
        home.books.ledger.required_year_of(day),
    )  # fmt: skip
    return f"{voucher.series}{voucher.number}"


def adopt(home: House, document: str, voucher: str) -> str:
    home.write_ledger()
    return delivery.adopt_by_hand(
        home.settings, home.warehouse, document, voucher, "Fortnox was down", "Eva", fortnox=home.client()
    )


def test_what_a_person_booked_is_not_booked_again(home: House) -> None:
    home.fee("txn_1:fee", 300)
    voucher = books(home, [(6570, "3.00"), (1686, "-3.00")])
    assert f"{FEES} is voucher {voucher}" in adopt(home, FEES, voucher)
    assert home.deliver().written.get("voucher.create") is None
    assert home.accounts() == {"1686": "-3.00", "6570": "3.00"} and home.vouchers() == {}
    (document,) = home.sql(
        "SELECT status, voucher_series, voucher_number, packaging FROM delivery.documents WHERE document_id = ?", FEES
    )
    assert document == ("done", "A", 1, BY_HAND)
    told = delivery.treatment_history(home.settings, home.warehouse, None, FEES).treatments
    assert [(item.action, item.who, item.why) for item in told][0] == ("adopt", "Eva", "Fortnox was down")
    home.fee("txn_2:fee", 200)
    assert home.deliver().exit_code == 0
    assert home.vouchers() == {f"{FEES}:2": {"1686": "-2.00", "6570": "2.00"}}
    attached = {(tie.series, tie.number) for tie in home.books.files.connections.values()}
    assert attached == {("A", 1), ("S", 1)}, "its specification is attached to the person's voucher"
    assert home.deliver().nothing_to_do


def test_what_differs_is_named_and_refused(home: House) -> None:
    home.fee("txn_1:fee", 300)
    wrong = books(home, [(6570, "2.50"), (1686, "-2.50")], D3)
    with pytest.raises(Failure, match="the day is 2026-03-03, not 2026-03-02") as refused:
        adopt(home, FEES, wrong)
    assert "account 1686 has -2.50, not -3.00; account 6570 has 2.50, not 3.00" in str(refused.value)
    for voucher, says in (("A9", "no voucher A9"), ("hm", "is no voucher")):
        with pytest.raises(Failure, match=says):
            adopt(home, FEES, voucher)
    with pytest.raises(Failure, match="is no voucher that Fortnox lacks"):
        adopt(home, "voucher:2026-03-02:SEK:sales", wrong)
    assert home.deliver().written["voucher.create"] == 1
    with pytest.raises(Failure, match="is no voucher that Fortnox lacks"):
        adopt(home, FEES, books(home, [(6570, "3.00"), (1686, "-3.00")]))


def test_one_voucher_stands_for_one_document(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.payout("po_1", 300)
    voucher = books(home, [(6570, "3.00"), (1686, "-3.00")])
    adopt(home, FEES, voucher)
    with pytest.raises(Failure, match="is voucher:2026-03-02:SEK:fees already"):
        adopt(home, "voucher:2026-03-02:po_1:created", voucher)
    home.deliver()
    with pytest.raises(Failure, match="is voucher:2026-03-02:po_1:created already"):
        home.fee("txn_3:fee", 100, day=D3)
        adopt(home, "voucher:2026-03-03:SEK:fees", "S1")


def test_a_correction_that_was_left_to_a_person_is_done_by_their_voucher(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver()
    home.payment("txn_1", "ch_1", 9000, receivable=10000)
    report = home.deliver()
    (left,) = report.held
    assert report.exit_code == HELD and left.document_id == "correction:payment:txn_1" and "adopt" in left.remedy
    adopt(home, left.document_id, books(home, [(7960, "10"), (1686, "-10")]))
    assert home.deliver().nothing_to_do
    assert home.accounts()["1686"] == "90.00"


def test_a_voucher_by_hand_hides_no_lost_one_of_ours(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    old = home.settings.home / "old"
    with closing(sqlite3.connect(home.settings.journal_path)) as journal, closing(sqlite3.connect(old)) as copy:
        journal.backup(copy)
    home.fee("txn_2:fee", 200, day=D3)
    home.deliver()
    for file in home.settings.home.glob("journal.sqlite*"):
        file.unlink()
    old.rename(home.settings.journal_path)
    home.fee("txn_3:fee", 100, day=D4)
    adopt(home, "voucher:2026-03-04:SEK:fees", books(home, [(6570, "1"), (1686, "-1")], D4))
    with pytest.raises(DeliveryStopped, match="voucher S2"):
        home.deliver()
