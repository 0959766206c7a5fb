"""The forecast of a delivery: what it predicts is what the delivery then sends, and it writes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import Forecast
from fortstripe_dagster.delivery.documents import desired
from fortstripe_dagster.failures import DONE, HELD
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import FIRST, House
from fortstripe_dagster_tests.delivery.test_deliver import a_few_days

D3 = date(2026, 3, 3)


def forecast(home: House) -> Forecast:
    home.write_ledger()
    return delivery.forecast(home.settings, home.warehouse, MARCH, fortnox=home.client(), progress=home.said.append)


@pytest.mark.parametrize("entries", [2000, 3], ids=["one slice", "many slices"])
def test_it_predicts_every_request_and_writes_nothing(
    home: House, monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr(desired, "SLICE", entries)
    a_few_days(home)
    home.sale("ch_9", 10000, customer="cus_9", day=D3)
    home.change("UPDATE ledger.sale_rows SET vat_ore = 1999, net_ore = 8001 WHERE sale_id = 'ch_9'")
    home.entry(
        "ch_9:sale", "sale", [("1510", "100.00"), ("3001", "-80.01", "25"), ("2611", "-19.99", "25")],
        sale_id="ch_9", day=D3,
    )  # fmt: skip
    expected = forecast(home)
    assert home.writes() == [] and expected.exit_code == DONE
    with home.journal() as journal:
        assert journal.rows("SELECT * FROM runs") == [] and journal.rows("SELECT * FROM pins") == []
    report = home.deliver()
    assert expected.total_requests == report.total_requests, (expected.text(), report.requests)
    assert expected.documents["invoice"] == report.documents()["invoice"]
    assert forecast(home).total_requests == home.deliver().total_requests


def test_a_delivery_that_was_begun_costs_what_is_left_of_it(home: House) -> None:
    a_few_days(home)
    home.deliver(Days(FIRST, FIRST))
    expected = forecast(home)
    assert expected.total_requests == home.deliver().total_requests


def test_what_would_be_held_is_said_with_its_remedy(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.sale("ch_1", 10000, day=D3)
    home.books.ledger.accounts[2][6570].active = False
    expected = forecast(home)
    assert expected.exit_code == HELD
    assert "6570 is not active" in expected.text() and expected.as_json()["held"][0]["remedy"]


def test_time_is_the_pace_of_the_settings(home: House) -> None:
    for number in range(30):
        home.fee(f"txn_{number}:fee", 300, day=FIRST + timedelta(days=number % 28))
    at_pace = home.settings.model_copy(
        update={
            "attachments": "off",
            "fortnox": home.settings.fortnox.model_copy(update={"requests_per_5_seconds": 24}),
        }
    )
    home.write_ledger()
    expected = delivery.forecast(at_pace, home.warehouse, MARCH, fortnox=home.client(), progress=home.said.append)
    assert expected.requests["voucher"] == 28
    assert 28 * 0.208 <= expected.seconds <= 28 * 0.208 + 2
