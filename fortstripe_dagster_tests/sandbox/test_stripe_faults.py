"""Each scripted fault does what its name says, to the requests it names and to no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from fortstripe_dagster.sandbox.servers import RunningServer, serve
from fortstripe_dagster.sandbox.stripe import faults
from fortstripe_dagster.sandbox.stripe.faults import Fault, Faulty
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.sandbox.stripe_client import Client, unlimited

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def stripe() -> Iterator[tuple[Faulty, Client, World]]:
    """A stand-in with five charges, behind the wrapper."""
    world = World(now=START)
    for minute in range(5):
        world.one_off_payment(at=START + timedelta(minutes=minute), amount=1000 + minute)
    wrapper = Faulty(stripe_app(world, rate_limits=unlimited()))
    server: RunningServer
    with serve(wrapper) as server:
        yield wrapper, Client(server.url), world


def spoiled(stripe: tuple[Faulty, Client, World], kind: faults.Kind) -> requests.Response:
    """The second answer of three; the first and the third are as they should be."""
    wrapper, client, _ = stripe
    wrapper.spoil([Fault("/v1/charges", kind, nth=2)])
    good = client.body("/v1/charges?limit=3")
    client.body("/v1/refunds")
    try:
        return client.get("/v1/charges?limit=3")
    finally:
        assert client.body("/v1/charges?limit=3")["data"][-1]["object"] == good["data"][-1]["object"] == "charge"


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (faults.rate_limited("endpoint-rate"), 429, "endpoint-rate"),
        (faults.rate_limited(None), 429, None),
        (faults.failing(503), 503, None),
        (faults.forbidden("rak_charge_read"), 403, None),
    ],
)
def test_refusals(stripe: tuple[Faulty, Client, World], kind: faults.Kind, status: int, reason: str | None) -> None:
    answer = spoiled(stripe, kind)
    assert (answer.status_code, answer.headers.get("Stripe-Rate-Limited-Reason")) == (status, reason)


def test_retry_after_is_sent(stripe: tuple[Faulty, Client, World]) -> None:
    assert spoiled(stripe, faults.rate_limited(retry_after=2)).headers["Retry-After"] == "2"


@pytest.mark.parametrize("kind", [faults.reset(), faults.reset_midway()])
def test_broken_connections(stripe: tuple[Faulty, Client, World], kind: faults.Kind) -> None:
    with pytest.raises(requests.exceptions.RequestException):
        spoiled(stripe, kind)


@pytest.mark.parametrize(
    ("kind", "shows"),
    [
        (faults.stuck(), lambda page: page["data"] == [] and page["has_more"]),
        (faults.without("amount"), lambda page: all("amount" not in thing for thing in page["data"])),
        (faults.lagging(newest=2), lambda page: [thing["amount"] for thing in page["data"]] == [1002]),
        (faults.repeating(), lambda page: page["has_more"] and len(page["data"]) == 3),
    ],
    ids=["stuck", "without", "lagging", "repeating"],
)
def test_pages(
    stripe: tuple[Faulty, Client, World], kind: faults.Kind, shows: Callable[[dict[str, object]], bool]
) -> None:
    assert shows(spoiled(stripe, kind).json())


def test_a_truncated_body_is_whole_for_http_and_broken_for_json(stripe: tuple[Faulty, Client, World]) -> None:
    answer = spoiled(stripe, faults.truncated())
    assert answer.status_code == 200 and int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_slow_answer_is_right(stripe: tuple[Faulty, Client, World]) -> None:
    answer = spoiled(stripe, faults.slow(0.1))
    assert answer.elapsed >= timedelta(seconds=0.1) and len(answer.json()["data"]) == 3


def test_several_faults_on_one_request_apply_in_order_and_requests_are_counted_anew(
    stripe: tuple[Faulty, Client, World],
) -> None:
    wrapper, client, world = stripe
    before = len(world.all("refund"))
    happening = faults.meanwhile(lambda: world.refund(world.all("charge")[0], at=START + timedelta(days=1), amount=1))
    for _ in range(2):
        wrapper.spoil([Fault("/v1/refunds", happening), Fault("/v1/*", faults.without("id"))])
        page = client.body("/v1/refunds")
        assert page["data"] and "id" not in page["data"][0]
        assert "id" in client.body("/v1/refunds")["data"][0]
    assert len(world.all("refund")) == before + 2 and wrapper.asked[-1] == "/v1/refunds?"
