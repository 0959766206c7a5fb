"""Official exchange rates: only what is needed, each day once, and loud when one is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.extract import rates
from fortstripe_dagster.failures import RatesFailure
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import Company, StartCompany, Switchboard, march, pointed_elsewhere

Answer = Callable[[Request], Response]
READ: dict[str, bytes] = {}
"""The warehouse of a shop by its currency, once the sale is read."""


def euro_shop(company: StartCompany, currency: str = "eur") -> Company:
    world = World(now=march(1))
    world.one_off_payment(at=march(4), amount=10_000, currency=currency, exchange_rate=Decimal("11.30"))
    shop = company(world)
    warehouse = shop.settings.warehouse_path
    if currency in READ:
        warehouse.write_bytes(READ[currency])
    else:
        shop.read("balance_transactions", "charges")
        READ[currency] = warehouse.read_bytes()
    return shop


def with_rates(board: Switchboard, shop: Company, answer: Answer) -> tuple[Company, list[str]]:
    """The shop with another rates server, and the paths that it is asked."""
    asked: list[str] = []

    async def endpoint(request: Request) -> Response:
        asked.append(request.url.path)
        return answer(request)

    url = board.connect(Starlette(routes=[Route("/{path:path}", endpoint)]))
    return pointed_elsewhere(shop, rates_api_base=url), asked


def fetch(shop: Company) -> int:
    with shop.run() as run:
        return run.extract_rates().requests


def test_nothing_is_asked_where_only_kronor_occur(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(4), amount=10_000)
    world.failed_payment(at=march(4), amount=10_000, currency="usd")
    shop = company(world)
    shop.read("balance_transactions", "charges")
    assert fetch(shop) == 0


def test_no_table_in_which_a_currency_occurs_is_passed_over() -> None:
    """A company that only ever sells in kronor is asked about these tables, and nothing more."""
    assert set(rates.NAMED_IN) == set(
        re.findall(r"SELECT (?:b\.)?currency\b.*?FROM stripe\.(\w+)", rates._OCCURRING, re.S)
    )


def test_rates_from_ten_days_before_the_first_day_are_kept_exactly_and_asked_once(company: StartCompany) -> None:
    shop = euro_shop(company)
    assert fetch(shop) == 1
    rows = shop.rows("SELECT day, sek_per_unit, source FROM stripe.official_rates WHERE currency = 'EUR' ORDER BY 1")
    assert (rows[0][0], rows[-1][0]) == (date(2026, 2, 23), date(2026, 3, 4))
    assert all(rate == official_rate("eur", day) and source == "Riksbanken" for day, rate, source in rows)
    assert fetch(shop) == 0


def test_later_days_are_asked_without_the_known_ones(company: StartCompany, switchboard: Switchboard) -> None:
    shop = euro_shop(company)
    fetch(shop)
    shop.world.one_off_payment(at=march(20), amount=10_000, currency="eur")
    shop.read("balance_transactions", "charges")
    watched, asked = with_rates(
        switchboard, shop, lambda request: JSONResponse([{"date": "2026-03-19", "value": 11.3}])
    )
    fetch(watched)
    assert asked == ["/swea/v1/Observations/SEKEURPMI/2026-03-05/2026-03-20"]


def test_invoices_in_a_foreign_currency_need_rates_too(company: StartCompany) -> None:
    world = World(now=march(1))
    hans = world.customer(name="Hans", country="DE", at=march(1))
    world.invoice(
        at=march(6), customer=hans, currency="usd", lines=[Line(description="Kurs", unit_amount=1000)],
        collection_method="send_invoice",
    )  # fmt: skip
    shop = company(world)
    shop.read("invoices")
    fetch(shop)
    assert shop.value("SELECT max(day) FROM stripe.official_rates WHERE currency = 'USD'") == date(2026, 3, 6)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda request: Response(status_code=204), "none was published"),
        (lambda request: JSONResponse([]), "none was published"),
        (lambda request: Response(b"{}", status_code=404), "answers 404"),
        (lambda request: Response(status_code=503), "answers 503"),
        (lambda request: Response(b"<html>"), "cannot be read"),
        (lambda request: JSONResponse([{"day": "2026-03-04"}]), "cannot be read"),
        (lambda request: JSONResponse([{"date": "2026-02-23", "value": 11.3}]), None),
    ],
)
def test_a_rate_that_cannot_be_had_names_currency_and_days(
    company: StartCompany, answer: Answer, says: str | None, switchboard: Switchboard
) -> None:
    shop, _ = with_rates(switchboard, euro_shop(company), answer)
    if says is None:
        fetch(shop)  # nine days before: the latest published
        return
    with pytest.raises(RatesFailure, match=f"No official exchange rate for EUR on 2026-.*{says}"):
        fetch(shop)


def test_the_company_gives_the_rates_of_a_currency_that_nobody_publishes(company: StartCompany) -> None:
    shop = euro_shop(company, "kwd")
    with pytest.raises(RatesFailure, match=r"for KWD .*\[exchange_rates.KWD\] in fortstripe.toml"):
        fetch(shop)
    given = {date(2026, 3, 1): Decimal("34.10"), date(2026, 3, 4): Decimal("113")}
    shop = replace(shop, settings=shop.settings.model_copy(update={"exchange_rates": {"KWD": given}}))
    assert fetch(shop) == 0
    known = "SELECT sek_per_unit, source FROM stripe.official_rates WHERE day = ?"
    assert shop.rows(known, "2026-03-03") == [(Decimal("34.10"), "fortstripe.toml")]
    assert shop.rows(known, "2026-03-04") == [(Decimal("113"), "fortstripe.toml")]


def test_no_network_names_currency_and_days(company: StartCompany) -> None:
    shop = pointed_elsewhere(euro_shop(company), rates_api_base="http://127.0.0.1:9")
    with pytest.raises(RatesFailure, match="EUR on 2026-02-22 to 2026-03-04: http://127.0.0.1:9 cannot be reached"):
        fetch(shop)
    assert shop.value("SELECT count(*) FROM stripe.charges") == 1  # what was read from Stripe is kept


def test_too_many_requests_are_waited_out(company: StartCompany, switchboard: Switchboard) -> None:
    turns = iter([429, 429, 200])

    def answer(request: Request) -> Response:
        status = next(turns)
        return JSONResponse([{"date": "2026-03-04", "value": 11.305}], status, headers={"Retry-After": "0"})

    shop, asked = with_rates(switchboard, euro_shop(company), answer)
    fetch(shop)
    assert len(asked) == 3
    assert shop.rows("SELECT sek_per_unit FROM stripe.official_rates") == [(Decimal("11.305"),)]


def test_a_series_quoted_for_a_hundred_units_is_noticed(company: StartCompany, switchboard: Switchboard) -> None:
    answer: Answer = lambda request: JSONResponse([{"date": "2026-03-04", "value": 1130.5}])  # noqa: E731
    shop, _ = with_rates(switchboard, euro_shop(company), answer)
    with pytest.raises(RatesFailure, match="official rate of EUR on 2026-03-04, 1130.5, is far from the 11.3"):
        fetch(shop)


def test_todays_rate_is_asked_for_again_until_it_is_out(company: StartCompany, switchboard: Switchboard) -> None:
    now = datetime.now(STOCKHOLM)
    world = World(now=now - timedelta(days=3))
    world.one_off_payment(at=now - timedelta(minutes=5), amount=10_000, currency="eur")
    shop = company(world, start_date=(now - timedelta(days=3)).date())
    shop.read("charges", days=Days((now - timedelta(days=2)).date(), (now + timedelta(days=1)).date()))
    yesterday, today = (now - timedelta(days=1)).date().isoformat(), now.date().isoformat()
    published = [{"date": yesterday, "value": 11.3}]
    watched, asked = with_rates(switchboard, shop, lambda request: JSONResponse(published))
    fetch(watched)
    fetch(watched)
    assert len(asked) == 2
    published.append({"date": today, "value": 11.4})
    fetch(watched)
    fetch(watched)
    assert len(asked) == 3


ECB_HEADER = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS"


def ecb(*rows: tuple[str, str, str]) -> Answer:
    """The ECB's data portal with these (currency, day, units for one euro)."""
    lines = [f"EXR.D.{currency}.EUR.SP00.A,D,{currency},EUR,SP00,A,{day},{value},A" for currency, day, value in rows]
    return lambda request: Response("\n".join([ECB_HEADER, *lines]), media_type="text/csv")


def test_the_ecb_is_asked_for_kronor_and_the_currency_together(company: StartCompany, switchboard: Switchboard) -> None:
    shop = pointed_elsewhere(euro_shop(company, "usd"), rates_source="ecb")
    asked: list[str] = []
    answer = ecb(
        ("SEK", "2026-03-03", "11.2555"), ("USD", "2026-03-03", "1.0823"),
        ("SEK", "2026-03-04", "11.3010"),  # no dollars that day: the day before counts
        ("SEK", "2026-02-27", "NaN"), ("USD", "2026-02-27", "1.08"),
    )  # fmt: skip

    def watched(request: Request) -> Response:
        asked.append(str(request.url.path) + "?" + str(request.url.query))
        return answer(request)

    shop, _ = with_rates(switchboard, shop, watched)
    fetch(shop)
    assert asked == [
        "/service/data/EXR/D.SEK+USD.EUR.SP00.A?startPeriod=2026-02-22&endPeriod=2026-03-04&format=csvdata"
    ]
    assert shop.rows("SELECT day, sek_per_unit, source FROM stripe.official_rates") == [
        (date(2026, 3, 3), Decimal("10.3996119375"), "ECB")
    ]


def test_the_ecb_quotes_the_euro_itself(company: StartCompany, switchboard: Switchboard) -> None:
    shop = pointed_elsewhere(euro_shop(company), rates_source="ecb")
    shop, asked = with_rates(switchboard, shop, ecb(("SEK", "2026-03-04", "11.3010")))
    fetch(shop)
    assert asked == ["/service/data/EXR/D.SEK.EUR.SP00.A"]
    assert shop.rows("SELECT sek_per_unit FROM stripe.official_rates") == [(Decimal("11.3010"),)]


def test_the_ecb_says_404_where_nothing_was_published(company: StartCompany, switchboard: Switchboard) -> None:
    shop = pointed_elsewhere(euro_shop(company), rates_source="ecb")
    shop, _ = with_rates(switchboard, shop, lambda request: Response(b"No results found.", status_code=404))
    with pytest.raises(RatesFailure, match="EUR on 2026-03-04: none was published"):
        fetch(shop)


@pytest.mark.parametrize(
    "content", ["<html>", "KEY,OBS_VALUE\nx,1", f"{ECB_HEADER}\nk,D,SEK,EUR,SP00,A,2026-03-04,abc,A"]
)
def test_an_answer_that_is_no_table_of_rates_is_refused(
    company: StartCompany, switchboard: Switchboard, content: str
) -> None:
    shop = pointed_elsewhere(euro_shop(company), rates_source="ecb")
    shop, _ = with_rates(switchboard, shop, lambda request: Response(content))
    with pytest.raises(RatesFailure, match="cannot be read|none was published"):
        fetch(shop)


def test_a_currency_that_was_replaced_needs_its_successors_rate(
    company: StartCompany, switchboard: Switchboard
) -> None:
    shop, asked = with_rates(
        switchboard,
        euro_shop(company, "bgn"),
        lambda request: JSONResponse([{"date": "2026-03-04", "value": 11.3}]),
    )
    fetch(shop)
    assert asked == ["/swea/v1/Observations/SEKEURPMI/2026-02-22/2026-03-04"]
