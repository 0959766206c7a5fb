"""The plan: what would be written, to what effect, and what a person must approve first."""

from __future__ import annotations

import json
from datetime import date

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import HELD
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import House

FEES = "voucher:2026-03-02:SEK:fees"


def test_a_plan_writes_nothing_and_shows_the_effect_on_accounts(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.fee("txn_1:fee", 300)
    plan = home.plan()
    assert home.writes() == [] and home.sql(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'delivery'"
    ) == [(0,)]
    assert plan.counts() == {"customer": 1, "invoice": 1, "payment": 1, "voucher": 1, "specification": 1}
    shown = json.loads(json.dumps(plan.as_json()))
    voucher = next(each for each in shown["to_send"] if each["document_id"] == FEES)
    assert voucher["accounts"] == {
        "1686": {"debit": "0", "credit": "3.00"}, "6570": {"debit": "3.00", "credit": "0"},
    }  # fmt: skip
    assert FEES in plan.text()
    home.deliver()
    assert home.plan().to_send == ()


def test_a_plan_without_fortnox_needs_no_fortnox(home: House) -> None:
    home.sale("ch_1", 10000)
    home.write_ledger()
    calls = len(home.gateway.calls)
    plan = delivery.plan(home.settings, home.warehouse, MARCH, offline=True)
    assert plan.counts() == {"customer": 1, "invoice": 1}
    assert len(home.gateway.calls) == calls


def test_nothing_is_sent_without_approval_and_approvals_survive_a_growing_plan(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.fee("txn_1:fee", 300)
    report = home.deliver(approval="manual")
    assert report.exit_code == HELD and home.writes() == []
    assert {item.document_id for item in report.awaiting} == {"invoice:ch_1", "payment:txn_1", FEES}
    plan = home.plan(approval="manual")
    pairs = [(document.document_id, document.content_hash) for document in plan.awaiting]
    assert delivery.approve(home.settings, pairs, "Eva Ek") == 3
    assert delivery.approve(home.settings, pairs, "Eva Ek") == 0
    home.fee("txn_9:fee", 100, day=date(2026, 3, 9))
    report = home.deliver(approval="manual")
    assert report.written["payment.bookkeep"] == 1 and report.written["voucher.create"] == 1
    assert [item.document_id for item in report.awaiting] == ["voucher:2026-03-09:SEK:fees"]
    assert home.sql("SELECT DISTINCT who FROM delivery.approvals") == [("Eva Ek",)]


def test_an_approval_is_of_what_the_books_say_then(home: House) -> None:
    home.fee("txn_1:fee", 300)
    (document,) = home.plan(approval="manual").awaiting
    delivery.approve(home.settings, [(document.document_id, document.content_hash)], "Eva Ek")
    home.fee("txn_1:fee", 400)
    report = home.deliver(approval="manual")
    assert home.writes() == [] and [item.document_id for item in report.awaiting] == [FEES]


def test_an_opening_balance_always_needs_a_person(home: House) -> None:
    home.entry("opening:SEK:payments", "opening", [("1686", "500.00"), ("2999", "-500.00")])
    report = home.deliver()
    assert report.exit_code == HELD and home.writes() == []
    (item,) = report.awaiting
    assert item.document_id == "voucher:2026-03-02:opening:SEK:payments"
    delivery.approve(home.settings, [(item.document_id, item.content_hash)], "Eva Ek")
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "500.00", "2999": "-500.00"}


def test_what_is_approved_waits_for_what_is_not(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    plan = home.plan(approval="manual")
    payment = next(document for document in plan.awaiting if document.kind == "payment")
    delivery.approve(home.settings, [(payment.document_id, payment.content_hash)], "Eva Ek")
    report = home.deliver(approval="manual")
    assert home.writes() == []
    assert [(item.document_id, "awaits approval" in item.reason) for item in report.waiting] == [
        ("payment:txn_1", True)
    ]
