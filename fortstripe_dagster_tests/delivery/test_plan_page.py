"""What a plan says of its effect: as page, as text and for machines."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fortstripe_dagster.delivery.planning import plan_page
from fortstripe_dagster_tests.delivery.house import House

HOSTILE = "<script>alert('x')</script> & \"Åsa\""


def test_the_page_tells_each_write_and_its_effect_and_escapes_what_customers_call_themselves(
    home: House, tmp_path: Path
) -> None:
    home.sale("ch_1", 12500, name=HOSTILE)
    home.payment("txn_1", "ch_1", 12500)
    home.sale("ch_2", 10000, customer="cus_2", held="no <b>country</b>")
    home.fee("txn_1:fee", 300, day=date(2026, 3, 3))
    plan = home.plan(closed_until=date(2026, 3, 1))
    page = plan_page.write(plan, tmp_path / "plan" / "plan.html").read_text("utf-8")
    assert HOSTILE not in page and "&lt;script&gt;" in page and "no &lt;b&gt;" in page
    assert "http" not in page, "no outside parts"
    for told in ("invoice:ch_1", "payment:txn_1", "voucher:2026-03-03:SEK:fees", "entry:ch_2:sale", "2026-03-02"):
        assert told in page
    assert not home.writes()


def test_the_effect_is_told_by_account_and_vat_box(home: House) -> None:
    home.sale("ch_1", 12500)
    home.payment("txn_1", "ch_1", 12500)
    home.credit("re_1", "ch_1", 2500)
    plan = home.plan()
    said = plan.as_json()
    assert said["vat_boxes"] == {"05": "80.00", "10": "20.00"}
    assert said["accounts"]["3001"] == {"debit": "20.00", "credit": "100.00"}
    (credit,) = [document for document in said["to_send"] if document["kind"] == "credit_invoice"]
    assert credit["vat_boxes"] == {"05": "-20.00", "10": "-5.00"}
    assert "VAT box 05" in plan.text() and "account 3001" in plan.text()


def test_purchases_under_reverse_charge_stand_in_their_boxes(home: House) -> None:
    home.entry("txn_1:fee", "fee_vat", [("2645", "25.00"), ("2614", "-25.00")])
    assert home.plan().as_json()["vat_boxes"] == {"30": "25.00", "48": "25.00"}
