"""The treatment history (behandlingshistorik): who did what to which document, when, why and by which rules."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.journal.treatment_history import Treatment
from fortstripe_dagster.failures import Failure
from fortstripe_dagster_tests.delivery.house import House

FEES = "voucher:2026-03-02:SEK:fees"
D2, D3 = date(2026, 3, 2), date(2026, 3, 3)


def told(home: House, document: str | None = None, days: Days | None = None) -> list[Treatment]:
    return list(delivery.treatment_history(home.settings, home.warehouse, days, document).treatments)


def test_each_thing_done_is_told_with_who_why_and_by_which_rules(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.sale("ch_1", 10000)
    (fees,) = [d for d in home.deliver(approval="manual").awaiting if d.document_id == FEES]
    delivery.approve(home.settings, [(fees.document_id, fees.content_hash)], "Bo")
    home.deliver(approval="manual")
    delivery.undo(home.settings, home.warehouse, FEES, "wrong day", "Eva", fortnox=home.client())
    found = [item for item in told(home, FEES) if item.kind == "voucher"]
    assert [(item.action, item.who) for item in found] == [
        ("approve", "Bo"), ("create", "fortstripe"), ("undo", "Eva"), ("create", "fortstripe"),
    ]  # fmt: skip
    assert found[0].why == f"content {fees.content_hash}" and found[2].why == "wrong day"
    made, reversal = found[1], found[3]
    assert (made.day, made.in_fortnox, made.entry_ids, made.rule_version) == (D2, "S 1", ("txn_1:fee",), "test")
    assert (reversal.document_id, reversal.amends) == (f"{FEES}:reversal", FEES)
    assert reversal.why is not None and reversal.why.startswith("wrong day (Eva, ")
    assert [item.at for item in found] == sorted(item.at for item in found)


def test_a_correction_names_what_it_amends_and_why(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.sale("ch_1", 10000)
    home.deliver()
    home.fee("txn_1:fee", 350)
    home.entry("ch_1:sale", "sale", [("1510", "100"), ("3002", "-80", "25"), ("2611", "-20", "25")], sale_id="ch_1")
    home.deliver()
    amended = {item.document_id: (item.amends, item.why) for item in told(home) if item.amends}
    because = "underlaget hos Stripe ändrades"
    assert amended == {
        f"{FEES}:2": (FEES, because),
        "voucher:2026-03-02:invoice:ch_1:repost": ("invoice:ch_1", because),
    }


def test_a_replaced_invoice_leads_to_its_successor(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    home.entry(
        "ch_1:sale", "sale", [("1510", "100"), ("3001", "-89.29", "12"), ("2621", "-10.71", "12")], sale_id="ch_1"
    )
    home.deliver()
    amended = {(item.document_id, item.amends) for item in told(home, "invoice:ch_1") if item.amends}
    assert amended == {("credit_invoice:ch_1:reversal", "invoice:ch_1"), ("invoice:ch_1:2", "invoice:ch_1")}


def test_what_fortnox_refused_is_told_too(home: House) -> None:
    home.fee("txn_1:fee", 300)
    wrapped = {"ErrorInformation": {"Error": 1, "Message": "Kontot är inte aktivt.", "Code": 2000101}}
    home.gateway.faults.answer = lambda call: JSONResponse(wrapped, 400) if call.writes else None
    home.deliver()
    home.gateway.faults.answer = lambda call: None
    home.deliver()
    found = [(item.action, item.why) for item in told(home, FEES) if item.kind == "voucher"]
    assert found == [("create refused", "error 2000101 of Fortnox"), ("create", None)]


def test_days_and_unknown_documents(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.fee("txn_2:fee", 300, day=D3)
    home.deliver()
    assert {item.document_id for item in told(home, days=Days(D3, D3)) if item.kind == "voucher"} == {
        "voucher:2026-03-03:SEK:fees"
    }
    with pytest.raises(Failure, match="knows no voucher:x"):
        told(home, "voucher:x")
    history = delivery.treatment_history(home.settings, home.warehouse, None, FEES)
    assert "create" in history.text() and json.dumps(history.as_json())


def test_a_lost_warehouse_tells_the_same(home: House, tmp_path: Path) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    before = told(home)
    home.warehouse.path.unlink()
    assert told(home) == before and before
