"""The HTTP rim: what it sends, when it tries again, and what it says when it gives up."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from itertools import chain, repeat
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fortstripe_dagster.extract.client import FIRST_CONTACT_ATTEMPTS, StripeApi, StripeObjectMissing
from fortstripe_dagster.extract.rate_limit import LOWERED
from fortstripe_dagster.failures import ConfigurationError, StripeFailure
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import STRIPE_API_VERSION
from fortstripe_dagster_tests.extract.conftest import HASTE, KEY, Company, Fault, StartCompany, pointed_elsewhere


def api(company: Company) -> StripeApi:
    return StripeApi(company.settings, HASTE)


def first_answers(*faults: Response | None) -> Fault:
    """Faults for the first requests, then none."""
    coming: Iterator[Response | None] = chain(faults, repeat(None))
    return lambda request: next(coming)


def limited(reason: str, **headers: str) -> Response:
    error = {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slow down."}}
    return JSONResponse(error, status_code=429, headers={"Stripe-Rate-Limited-Reason": reason, **headers})


def test_the_bytes_come_unparsed_under_the_pinned_version(company: StartCompany) -> None:
    shop = company(World())
    asking = api(shop)
    body = asking.get("/v1/charges", {"limit": 100, "created": {"gte": 5, "lt": 9}}, reading="charges")
    assert body.startswith(b"{") and b'"has_more"' in body
    (asked,) = shop.asked
    assert asked.version == STRIPE_API_VERSION == "2026-10-28.endive"
    assert asked.params == {"limit": "100", "created[gte]": "5", "created[lt]": "9"}


def test_requests_are_counted_by_endpoint(company: StartCompany) -> None:
    world = World()
    anna = world.customer(name="Anna")
    asking = api(company(world, fault=first_answers(Response(status_code=503))))
    asking.get("/v1/customers", reading="customers")
    asking.get(f"/v1/customers/{anna['id']}", reading="customers")
    asking.get(f"/v1/customers/{anna['id']}/tax_ids", reading="customers")
    assert asking.requests == {
        "GET /v1/customers": 2,
        "GET /v1/customers/{id}": 1,
        "GET /v1/customers/{id}/tax_ids": 1,
    }


@pytest.mark.parametrize(
    "fault",
    [
        Response(status_code=500),
        Response(status_code=503),
        JSONResponse({"error": {"message": "lock", "code": "lock_timeout"}}, status_code=429),
        DroppedConnection(),
        DroppedConnection(after=b'{"object": "list", "da'),
    ],
)
def test_a_passing_trouble_is_tried_again(company: StartCompany, fault: Response) -> None:
    shop = company(World(), fault=first_answers(fault, fault))
    assert api(shop).get("/v1/charges", reading="charges").endswith(b"}")
    assert len(shop.asked) == 3


def test_trouble_that_lasts_is_named_with_what_was_read(company: StartCompany) -> None:
    shop = company(World(), fault=lambda request: Response(status_code=502))
    with pytest.raises(StripeFailure, match=r"answers 502 while reading charges, page 3, 4 times in a row"):
        api(shop).get("/v1/charges", reading="charges, page 3")
    assert len(shop.asked) == HASTE.attempts


def test_a_burst_of_429_lowers_the_rate_of_the_endpoint_and_ends_well(company: StartCompany) -> None:
    shop = company(World(), fault=first_answers(*[limited("endpoint-rate")] * 3))
    asking = api(shop)
    asking.get("/v1/charges", reading="charges")
    bucket = asking.limiter.endpoint("charges")
    assert bucket.ceiling * LOWERED**3 <= bucket.rate < bucket.ceiling * LOWERED**2
    assert asking.limiter.account.rate == asking.limiter.account.ceiling
    for _ in range(60):
        asking.limiter.answered("charges", time.monotonic())
    assert bucket.rate == bucket.ceiling


def test_retry_after_is_honoured(company: StartCompany) -> None:
    shop = company(World(), fault=first_answers(limited("global-rate", **{"Retry-After": "0.4"})))
    began = time.monotonic()
    api(shop).get("/v1/charges", reading="charges")
    assert time.monotonic() - began >= 0.4


def test_endless_429_stops_with_the_remedy(company: StartCompany) -> None:
    shop = company(World(), fault=lambda request: limited("endpoint-rate"))
    with pytest.raises(StripeFailure, match="limits the rate.*charges.*lower stripe.requests_per_second"):
        api(shop).get("/v1/charges", reading="charges")


def test_the_default_rate_stays_below_stripes_limits(company: StartCompany) -> None:
    shop = company(World(), limits=RateLimits(), stripe={})
    asking = api(shop)
    assert (asking.limiter.endpoint("charges").ceiling, asking.limiter.account.ceiling) == (25, 25)  # a test key
    for _ in range(30):
        asking.get("/v1/charges", reading="charges")
    assert len(shop.asked) == 30  # no 429, so nothing was asked twice


def test_a_refused_key_is_said_without_the_key(company: StartCompany) -> None:
    shop = pointed_elsewhere(company(World()), stripe_api_key=SecretStr("rk_test_wrongwrongwrong"))
    with pytest.raises(StripeFailure) as caught:
        api(shop).get("/v1/charges", reading="charges")
    assert "does not accept the key (401) while reading charges" in str(caught.value)
    assert "STRIPE_API_KEY" in caught.value.remedy
    assert "wrong" not in str(caught.value) and "rk_test" not in str(caught.value)


def test_a_missing_permission_is_named(company: StartCompany) -> None:
    shop = company(World(), forbidden=("rak_invoice_read",))
    with pytest.raises(StripeFailure) as caught:
        api(shop).get("/v1/invoices", reading="invoices, page 1")
    assert "rak_invoice_read (403), needed for reading invoices, page 1" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_permission_that_stripe_does_not_name_is_known_from_the_stream(company: StartCompany) -> None:
    refusal = JSONResponse({"error": {"message": f"Not for {KEY}.", "type": "invalid_request_error"}}, 403)
    shop = company(World(), fault=lambda request: refusal)
    with pytest.raises(StripeFailure, match="lacks the permission rak_dispute_read") as caught:
        api(shop).get("/v1/disputes", reading="disputes", permission="rak_dispute_read")
    assert KEY not in str(caught.value)
    with pytest.raises(StripeFailure, match="Not for <key>"):
        api(shop).get("/v1/disputes", reading="disputes")


def test_an_unknown_object_is_told_apart(company: StartCompany) -> None:
    with pytest.raises(StripeObjectMissing, match="charges ch_none.*404"):
        api(company(World())).get("/v1/charges/ch_none", reading="charges ch_none")


def test_no_network_is_one_clear_line(company: StartCompany) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        shop = pointed_elsewhere(company(World()), stripe_api_base=nowhere)
        asking = api(shop)
        with pytest.raises(StripeFailure) as caught:
            asking.get("/v1/charges", reading="charges")
    line = str(caught.value)
    assert f"cannot be reached at {nowhere} (connection refused) while reading charges" in line
    assert "STRIPE_API_BASE" in line and "\n" not in line
    assert sum(asking.requests.values()) == FIRST_CONTACT_ATTEMPTS


def test_a_name_that_does_not_resolve_is_said(company: StartCompany) -> None:
    shop = pointed_elsewhere(company(World()), stripe_api_base="http://stripe.invalid")
    with pytest.raises(StripeFailure, match="cannot be reached at http://stripe.invalid"):
        api(shop).get("/v1/charges", reading="charges")


def test_a_silent_server_is_given_up(company: StartCompany) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shop = pointed_elsewhere(company(World()), stripe_api_base=f"http://127.0.0.1:{silent.getsockname()[1]}")
        asking = StripeApi(shop.settings, type(HASTE)(attempts=2, first_delay=0.01, read_timeout=0.1))
        with pytest.raises(StripeFailure, match="no answer in time"):
            asking.get("/v1/charges", reading="charges")


def test_a_packed_answer_is_unpacked_and_one_that_cannot_be_is_asked_for_again(company: StartCompany) -> None:
    asked: list[str] = []
    packed = gzip.compress(b'{"object": "list", "data": []}')
    headers = {"Content-Encoding": "gzip"}
    answers = first_answers(Response(b"no " + packed, headers=headers), Response(packed, headers=headers))

    def fault(request: Request) -> Response | None:
        asked.append(request.headers["accept-encoding"])
        return answers(request)

    body = api(company(World(), fault=fault)).get("/v1/charges", reading="charges")
    assert body == b'{"object": "list", "data": []}'
    assert asked == ["gzip, deflate"] * 2


def test_the_key_follows_no_redirection(company: StartCompany) -> None:
    elsewhere = company(World())
    moved = Response(status_code=302, headers={"Location": f"{elsewhere.settings.stripe_api_base}/v1/charges"})
    with pytest.raises(StripeFailure, match=r"refused to read charges \(302\)"):
        api(company(World(), fault=lambda request: moved)).get("/v1/charges", reading="charges")
    assert not elsewhere.asked


def test_a_proxy_of_the_environment_is_used(company: StartCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = company(World())
    address = urlsplit(proxy.settings.stripe_api_base)
    monkeypatch.setenv("HTTP_PROXY", f"http://{address.netloc}")
    shop = pointed_elsewhere(proxy, stripe_api_base=f"http://stripe.invalid{address.path}")
    api(shop).get("/v1/charges", reading="charges")
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("key", ["rk_test_a b", "rk_test_a\nrk_test_b", "rk_test_å"])
def test_a_key_that_was_copied_badly_is_said_without_the_key(company: StartCompany, key: str) -> None:
    shop = pointed_elsewhere(company(World()), stripe_api_key=SecretStr(key))
    with pytest.raises(ConfigurationError, match="STRIPE_API_KEY holds a space") as caught:
        api(shop)
    assert "rk_test" not in str(caught.value)


def test_an_address_without_a_scheme_is_refused(company: StartCompany) -> None:
    with pytest.raises(ConfigurationError, match="STRIPE_API_BASE is no address: 'localhost:12111'"):
        api(pointed_elsewhere(company(World()), stripe_api_base="localhost:12111"))


def test_without_a_key_nothing_is_asked(company: StartCompany) -> None:
    shop = pointed_elsewhere(company(World()), stripe_api_key=SecretStr(""))
    with pytest.raises(ConfigurationError, match="STRIPE_API_KEY is not set"):
        api(shop)


def test_the_request_hides_nothing_from_stripe_and_tells_no_telemetry(company: StartCompany) -> None:
    seen: list[dict[str, str]] = []

    def look(request: Request) -> None:
        seen.append(dict(request.headers))

    asking = api(company(World(), fault=look))
    for _ in range(2):
        asking.get("/v1/charges", reading="charges")
    assert "x-stripe-client-telemetry" not in seen[1]
    assert seen[1]["authorization"] == f"Bearer {KEY}"
