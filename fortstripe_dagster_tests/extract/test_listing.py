"""Long lists by several requests at once, over HTTP: complete, frugal, within the limits, and nothing unasked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fortstripe_dagster.extract import Patience
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import MARCH, Company, StartCompany, list_of, march


def skewed() -> World:
    """Refunds: one a minute for a while, an hour of ten a minute, and three hundred within one second."""
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2, 6), amount=10_000_000)
    moments = [march(3) + timedelta(minutes=n) for n in range(300)]
    moments += [march(9) + timedelta(seconds=6 * n) for n in range(500)]
    moments += [march(17)] * 300
    for moment in moments:
        world.refund(charge, at=moment, amount=100)
    return world


def ids(shop: Company) -> set[str]:
    return {id for (id,) in shop.rows("SELECT id FROM stripe.refunds")}


@pytest.fixture(scope="module")
def world() -> World:
    return skewed()


def test_a_skewed_month_is_read_whole_side_by_side(company: StartCompany, world: World) -> None:
    shop = company(world)
    (report,) = shop.read("refunds")
    assert ids(shop) == {refund["id"] for refund in world.all("refund")}
    lists = [asked.params for asked in shop.asked if asked.path == "/v1/refunds"]
    assert report.requests == len(lists) <= 11 / 0.5  # eleven pages: what short lists may ask in vain is bounded
    fresh = [params for params in lists if "starting_after" not in params]
    assert len(fresh) > 1  # it was cut
    assert shop.rows("SELECT from_ts, to_ts, rows >= 1100 FROM stripe.windows WHERE stream = 'refunds'") == [
        (*report.windows[0], True)
    ]
    assert shop.value("SELECT count(*) FROM stripe.pieces") == 0


def test_a_429_now_and_then_changes_nothing_but_the_pace(company: StartCompany, world: World) -> None:
    shop = company(world, limits=RateLimits(per_endpoint=9, overall=1000), stripe={"requests_per_second": 12})
    shop.read("refunds")
    assert ids(shop) == {refund["id"] for refund in world.all("refund")}


def test_an_object_from_outside_of_what_was_asked_for_is_refused(company: StartCompany) -> None:
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2, 6), amount=100_000)
    stray = world.refund(charge, at=march(2) - timedelta(days=40), amount=100)

    def strays(request: Request) -> Response | None:
        return JSONResponse(list_of(stray)) if request.url.path == "/v1/refunds" else None

    shop = company(world, fault=strays)
    with pytest.raises(StripeFailure, match=rf"{stray['id']} on refunds, page 1 was created at .*, outside of created"):
        shop.read("refunds")
    assert shop.value("SELECT count(*) FROM stripe.raw_objects") == 0


def test_streams_that_were_whole_stay_when_another_fails(company: StartCompany, world: World) -> None:
    after = iter([503, 503])  # asked again after a moment each time: by then what was spooled is known to be whole

    def fails_last(request: Request) -> Response | None:
        if request.url.path != "/v1/disputes":
            return None
        spooled = list(shop.settings.home.glob("spool/*/*.json"))
        return Response(status_code=next(after, 403) if spooled else 503)

    shop = company(world, fault=fails_last)
    shop.patience = Patience(attempts=100, first_delay=0.05, longest_delay=0.05)
    with shop.run() as run, pytest.raises(StripeFailure, match="rak_dispute_read.*disputes, page 1"):
        run.extract_streams(["charges", "disputes"], MARCH)
    assert shop.rows("SELECT stream FROM stripe.windows") == [("charges",)]
    assert shop.value("SELECT count(*) FROM stripe.charges") == 1


def test_several_streams_are_read_side_by_side(company: StartCompany, world: World) -> None:
    shop = company(world)
    with shop.run() as run:
        reports = run.extract_streams(["charges", "refunds", "disputes"], MARCH)
    assert [(report.stream, report.rows) for report in reports if report.stream != "refunds"] == [
        ("charges", 1),
        ("disputes", 0),
    ]
    assert {stream for (stream,) in shop.rows("SELECT stream FROM stripe.windows")} == {
        "charges",
        "refunds",
        "disputes",
    }
    assert sum(report.requests for report in reports) + 2 == len(shop.asked)  # and the account, and its balance
