"""Undo: what takes a document back names it, posts neither to clearing nor transit, and happens once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.failures import HELD, Failure
from fortstripe_dagster_tests.delivery.house import House, house

D2 = date(2026, 3, 2)
FEES = "voucher:2026-03-02:SEK:fees"


def undo(home: House, document_id: str, *, redo: bool = False, **changes: object) -> DeliveryReport:
    home.write_ledger()
    return delivery.undo(
        home.settings.model_copy(update=changes), home.warehouse, document_id, "fel kund", "Eva", redo=redo,
        fortnox=home.client(), progress=home.said.append,
    )  # fmt: skip


def test_a_voucher_is_reversed_and_what_is_freed_waits_on_the_suspense_account(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.fee("txn_2:fee", 200, day=date(2026, 3, 3))
    home.deliver()
    report = undo(home, FEES)
    assert report.written == {"voucher.create": 1}, report.text()
    assert home.vouchers()[f"{FEES}:reversal"] == {"2999": "3.00", "6570": "-3.00"}
    (reversal,) = [v for v in home.books.vouchers(series="S") if v.comments.endswith(":reversal")]
    (original,) = [v for v in home.books.vouchers(series="S") if v.comments.endswith(FEES)]  # days go side by side
    assert f"verifikation {original.number} " in reversal.description and "fel kund (Eva, " in reversal.description
    assert home.accounts()["1686"] == "-5.00", "clearing is as Stripe says"
    assert home.deliver().nothing_to_do, "it stays undone"
    assert [item.document_id for item in home.plan().undone] == [f"undone:{FEES}"]
    assert home.sql("SELECT status FROM delivery.documents WHERE document_id = ?", f"undone:{FEES}") == [("undone",)]


def test_undoing_twice_does_it_once(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    undo(home, FEES)
    assert undo(home, FEES).written == {}
    assert len(home.books.vouchers(series="S")) == 2


def test_what_was_undone_is_delivered_again_when_a_person_says_so(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    undo(home, FEES)
    undo(home, FEES, redo=True)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "-3.00", "6570": "3.00"}
    assert home.deliver().nothing_to_do
    with pytest.raises(Failure, match="replaced"):
        undo(home, FEES)
    undo(home, f"{FEES}:2")
    assert home.accounts() == {"1686": "-3.00", "2999": "3.00"}
    assert home.deliver().nothing_to_do


def test_an_invoice_is_credited_and_made_anew_under_its_next_number(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    assert undo(home, "invoice:ch_1").exit_code == 0
    assert home.accounts() == {}
    first, credit = home.books.invoices.all.values()
    assert credit.is_credit and f"Krediterar faktura {first.number}: fel kund (Eva" in str(credit.header["Remarks"])
    assert home.deliver().nothing_to_do
    undo(home, "invoice:ch_1", redo=True)
    home.payment("txn_1", "ch_1", 10000)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "100.00", "2611": "-20.00", "3001": "-80.00"}
    assert [str(invoice.balance) for invoice in home.books.invoices.all.values()] == ["0.00"] * 3
    assert home.deliver().nothing_to_do


def test_a_credit_invoice_is_taken_back_by_an_invoice(home: House) -> None:
    home.sale("ch_1", 10000)
    home.credit("re_1", "ch_1", 4000)
    home.deliver()
    assert undo(home, "credit_invoice:re_1").exit_code == 0
    assert home.accounts()["3001"] == "-80.00"
    assert "Återför kreditfaktura 2: fel kund" in str(home.books.invoices.all[3].header["Remarks"])
    assert home.deliver().nothing_to_do


def test_manual_approval_holds_an_undo_back(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    report = undo(home, FEES, approval="manual")
    assert report.exit_code == HELD and [item.document_id for item in report.awaiting] == [f"{FEES}:reversal"]
    (waiting,) = report.awaiting
    delivery.approve(home.settings, [(waiting.document_id, waiting.content_hash)], "Bo")
    assert home.deliver(approval="manual").written == {"voucher.create": 1}
    assert home.accounts() == {"1686": "-3.00", "2999": "3.00"}


def test_an_undo_is_sent_by_the_next_delivery_if_it_was_broken_off(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    with home.journal() as journal:
        journal.order(FEES, "undo", "fel", "Eva")
    assert home.deliver().written == {"voucher.create": 1}
    assert home.accounts() == {"1686": "-3.00", "2999": "3.00"}


@pytest.fixture(scope="module")
def undone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A payout, an invoice and fees are delivered, and the fees taken back."""
    with house(tmp_path_factory.mktemp("undone")) as home:
        home.payout("po_1", 500)
        home.sale("ch_1", 10000)
        home.fee("txn_1:fee", 300)
        home.deliver()
        undo(home, FEES)
        yield home


@pytest.mark.parametrize(
    ("document_id", "says"),
    [("voucher:2026-03-02:po_1:created", "clearing and transit"), ("voucher:x", "Nothing was sent"),
     ("customer:cus_1", "nothing to undo"), (f"{FEES}:reversal", "takes another document back")],
)  # fmt: skip
def test_what_cannot_be_undone_says_why(undone: House, document_id: str, says: str) -> None:
    with pytest.raises(Failure, match=says):
        undo(undone, document_id)


def test_an_undo_in_a_closed_period_follows_the_policy(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.sale("ch_1", 10000)
    home.deliver()
    assert undo(home, "invoice:ch_1", vat_filed_until=D2).exit_code == HELD
    assert undo(home, FEES, closed_until=D2).exit_code == HELD  # the invoice's reversal is held still
    (reversal,) = [v for v in home.books.vouchers(series="S") if v.comments.endswith(":reversal")]
    assert str(reversal.day) == "2026-03-03"
