"""The Riksbank stand-in over HTTP, and the banking days behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
import requests
import simplejson

from fortstripe_dagster.sandbox.banking_days import bank_holidays, easter_sunday, next_banking_day
from fortstripe_dagster.sandbox.official_rates import official_rate, stripe_rate
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(rates_app(last_published=date(2026, 4, 30))) as server:
        yield server.url + "/swea/v1/Observations"


def test_banking_days_with_four_decimals(url: str) -> None:
    answer = requests.get(f"{url}/SEKEURPMI/2026-03-27/2026-04-08", timeout=10)
    rows = simplejson.loads(answer.text, use_decimal=True)
    assert [row["date"] for row in rows] == [
        "2026-03-27", "2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02", "2026-04-07", "2026-04-08",
    ]  # fmt: skip
    assert all(row.keys() == {"date", "value"} for row in rows)
    assert rows[0]["value"] == official_rate("eur", date(2026, 3, 27))
    assert all(Decimal("11.1") < row["value"] < Decimal("11.5") for row in rows)
    assert len({row["value"] for row in rows}) > 3


def test_without_an_end_it_goes_on_to_the_last_published(url: str) -> None:
    rows = requests.get(f"{url}/SEKNOKPMI/2026-04-27", timeout=10).json()
    assert [row["date"] for row in rows] == ["2026-04-27", "2026-04-28", "2026-04-29", "2026-04-30"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("SEKEURPMI/2026-04-03/2026-04-06", 204),  # Good Friday to Easter Monday
        ("SEKEURPMI/2026-05-01/2026-05-31", 204),  # not yet published
        ("SEKXXXPMI/2026-03-01/2026-03-31", 404),
        ("SEKEURPMI/yesterday/2026-03-31", 400),
    ],
)
def test_what_has_no_rows(url: str, path: str, status: int) -> None:
    answer = requests.get(f"{url}/{path}", timeout=10)
    assert answer.status_code == status
    assert bool(answer.content) == (status != 204)


def test_a_non_banking_day_has_the_latest_published_rate_and_stripe_a_worse_one() -> None:
    good_friday = date(2026, 4, 3)
    assert official_rate("eur", good_friday) == official_rate("eur", good_friday - timedelta(days=1))
    assert stripe_rate("eur", good_friday) < official_rate("eur", good_friday)
    with pytest.raises(KeyError):
        official_rate("zzz", good_friday)


@pytest.mark.parametrize(
    ("year", "easter"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)), (2038, date(2038, 4, 25))],
)
def test_easter(year: int, easter: date) -> None:
    assert easter_sunday(year) == easter


def test_swedish_holidays() -> None:
    assert {date(2026, 5, 14), date(2026, 6, 19), date(2026, 6, 6), date(2026, 12, 24)} <= bank_holidays(2026)
    assert next_banking_day(date(2026, 12, 30)) == date(2027, 1, 4)
