"""The breaker: it opens after failures in a row, lets one process try after a rest, and closes when that succeeds."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fortstripe_dagster.circuit import FIRST_REST, LONGEST_REST, TRY_TAKES, Circuit
from fortstripe_dagster.extract.client import Patience, StripeApi
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.fortnox import Fortnox, GivenToken, InDoubt, Limiter, NotDone, Refused
from fortstripe_dagster.fortnox.retries import Retries
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def circuit(tmp_path: Path, clock: Clock, opens_after: int = 3) -> Circuit:
    """As another process would make it: the state is in the file alone."""
    return Circuit(tmp_path / "circuit.json", "Stripe", opens_after, clock)


def test_it_opens_after_failures_in_a_row_and_one_process_tries_after_the_rest(tmp_path: Path, clock: Clock) -> None:
    first, second = circuit(tmp_path, clock), circuit(tmp_path, clock)
    first.failed()
    second.failed()
    first.succeeded()
    for each in (first, second):
        each.failed()
    assert first.resting() is None
    second.failed()
    assert str(first.resting()).startswith("Stripe has failed 3 times in a row, so nothing is sent to it before")
    clock.now += FIRST_REST
    assert second.resting() is None and second.resting() is None
    assert first.resting() is not None, "one process tries, with all its threads"
    second.succeeded()
    assert first.resting() is None and not (tmp_path / "circuit.json").exists()


def test_a_try_that_fails_doubles_the_rest_up_to_a_quarter_of_an_hour(tmp_path: Path, clock: Clock) -> None:
    one = circuit(tmp_path, clock)
    for _ in range(3):
        one.failed()
    rests = []
    for _ in range(6):
        rest = 0
        while one.resting() is not None:
            clock.now, rest = clock.now + 10, rest + 10
        rests.append(rest)
        one.failed()
        one.failed()  # a thread that was still at it changes nothing
    assert rests == [60, 120, 240, 480, 900, 900]


def test_a_process_that_dies_at_its_try_and_a_broken_file_hold_nobody_for_long(tmp_path: Path, clock: Clock) -> None:
    for _ in range(3):
        circuit(tmp_path, clock).failed()
    clock.now += FIRST_REST
    assert circuit(tmp_path, clock).resting() is None  # … and it is never heard of again
    assert circuit(tmp_path, clock).resting() is not None
    clock.now += TRY_TAKES
    assert circuit(tmp_path, clock).resting() is None
    clock.now -= 10 * LONGEST_REST
    assert circuit(tmp_path, clock).resting() is None, "the clock was set back"
    (tmp_path / "circuit.json").write_text("{")
    assert circuit(tmp_path, clock).resting() is None


def test_a_process_that_starts_later_tries_at_once_and_only_once(tmp_path: Path, clock: Clock) -> None:
    old = circuit(tmp_path, clock)
    for _ in range(3):
        old.failed()
    assert old.resting() is not None
    started = circuit(tmp_path, clock)
    assert started.resting() is None
    assert circuit(tmp_path, clock).resting() is not None, "one tries at a time"
    started.failed()
    assert started.resting() is not None, "it was no better"
    better = circuit(tmp_path, clock)
    assert better.resting() is None
    better.succeeded()
    assert old.resting() is None


def test_zero_never_opens(tmp_path: Path, clock: Clock) -> None:
    never = circuit(tmp_path, clock, opens_after=0)
    for _ in range(20):
        never.failed()
    assert never.resting() is None


class Service:
    """Answers 500 until it is `well`; counts what it was asked."""

    well = False
    asked = 0

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        return JSONResponse({"id": "ok"}, status_code=200 if self.well else 500)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])])


def test_stripe_is_left_alone_and_asked_again_by_itself(tmp_path: Path) -> None:
    service, state = Service(), tmp_path / "stripe-circuit.json"
    with serve(service.app) as server:
        stripe = {**CHOICES["stripe"], "rest_after_failures": 2}
        settings = Settings(**{**CHOICES, "home": tmp_path, "STRIPE_API_BASE": server.url, "stripe": stripe})

        def ask(api: StripeApi) -> bytes:
            return api.get("/v1/balance", reading="the balance")

        with closing(StripeApi(settings, Patience(attempts=2, first_delay=0.001))) as api:
            for _ in range(2):
                with pytest.raises(StripeFailure, match="answers 500"):
                    ask(api)
            with pytest.raises(StripeFailure, match="has failed 2 times in a row") as rested:
                ask(api)
            assert service.asked == 4 and "by themselves" in rested.value.remedy
            service.well = True
            state.write_text(json.dumps({**json.loads(state.read_text()), "rests_until": time.time()}))
            assert b"ok" in ask(api) and b"ok" in ask(api)


def test_fortnox_is_left_alone_and_nothing_is_in_doubt_meanwhile(tmp_path: Path) -> None:
    service, clock = Service(), Clock()
    with serve(service.app) as server:
        client = Fortnox(
            api_base=server.url,
            auth=GivenToken("t"),
            limiter=Limiter(interval=0, per_window=1000),
            session=requests.Session(),
            retries=Retries(tries=1),
            breaker=circuit(tmp_path, clock, opens_after=2),
        )
        for _ in range(2):
            with pytest.raises(InDoubt):
                client.post("/3/vouchers", {})
        with pytest.raises(NotDone, match="has failed 2 times in a row"):
            client.post("/3/vouchers", {})
        assert service.asked == 2
        service.well = True
        clock.now += FIRST_REST
        assert client.get("/3/companyinformation") == {"id": "ok"}
        assert client.get("/3/companyinformation") == {"id": "ok"}


def test_an_answer_that_refuses_is_an_answer(tmp_path: Path) -> None:
    breaker = circuit(tmp_path, Clock(), opens_after=2)

    async def refuse(request: Request) -> Response:
        return JSONResponse({"ErrorInformation": {"message": "no", "code": 1}}, status_code=400)

    with serve(Starlette(routes=[Route("/{path:path}", refuse)])) as server:
        client = Fortnox(
            api_base=server.url, auth=GivenToken("t"), limiter=Limiter(interval=0, per_window=1000), breaker=breaker
        )
        breaker.failed()
        with pytest.raises(Refused):
            client.get("/3/vouchers")
        breaker.failed()
        assert breaker.resting() is None
