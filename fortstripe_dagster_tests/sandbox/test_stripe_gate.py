"""What the Stripe stand-in refuses before it answers: keys, permissions, parameters, speed; and faults on demand."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests
from starlette.requests import Request
from starlette.responses import Response

from fortstripe_dagster.sandbox.merchant import tiny
from fortstripe_dagster.sandbox.servers import DroppedConnection, serve
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster_tests.sandbox.stripe_client import Client, unlimited


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(stripe_app(tiny(), rate_limits=unlimited())) as server:
        yield Client(server.url)


def test_keys(client: Client) -> None:
    def status(authorization: str | None) -> int:
        headers = {"Authorization": authorization} if authorization else {}
        return requests.get(client.url + "/v1/charges", headers=headers, timeout=10).status_code

    basic = base64.b64encode(b"rk_test_sandbox:").decode()
    assert status("Bearer rk_test_sandbox") == status(f"Basic {basic}") == 200
    assert status(None) == status("Bearer rk_test_other") == status("Basic !") == status("Bearer ") == 401


def test_a_refused_key_is_not_shown(client: Client) -> None:
    answer = requests.get(
        client.url + "/v1/charges", headers={"Authorization": "Bearer rk_live_abcdefgh1234"}, timeout=10
    )
    assert answer.json()["error"]["message"] == "Invalid API Key provided: rk_live_********1234"


def test_every_answer_has_a_request_id_and_the_version(client: Client) -> None:
    answers = [client.get("/v1/charges"), client.get("/v1/charges", **{"Stripe-Version": "2024-06-20"})]
    assert [answer.headers["Stripe-Version"] for answer in answers] == ["2026-10-28.endive", "2024-06-20"]
    assert len({answer.headers["Request-Id"] for answer in [*answers, client.get("/v1/nothing")]}) == 3
    assert client.get("/v1/charges", **{"Stripe-Version": "newest"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/v1/charges?colour=blue", 400, "parameter_unknown", "colour"),
        ("/v1/charges?created[before]=1", 400, "parameter_unknown", "created[before]"),
        ("/v1/charges/ch_1?limit=1", 400, "parameter_unknown", "limit"),
        ("/v1/charges?limit=101", 400, "parameter_invalid_integer", "limit"),
        ("/v1/charges?limit=0", 400, "parameter_invalid_integer", "limit"),
        ("/v1/charges?limit=ten", 400, "parameter_invalid_integer", "limit"),
        ("/v1/charges?created[gte]=monday", 400, "parameter_invalid_integer", "created[gte]"),
        ("/v1/charges?created[]=1", 400, None, "created"),
        ("/v1/charges?created=1&created[gte]=1", 400, None, "created"),
        ("/v1/charges?limit[]=1", 400, None, "limit"),
        ("/v1/charges?expand=customer", 400, None, "expand"),
        ("/v1/charges?created[gte][lt]=1", 400, "parameter_unknown", "created[gte][lt]"),
        ("/v1/prices?active=maybe", 400, None, "active"),
        ("/v1/charges?starting_after=ch_missing", 400, "resource_missing", "starting_after"),
        ("/v1/charges?starting_after=a&ending_before=b", 400, None, "ending_before"),
        ("/v1/charges/ch_missing", 404, "resource_missing", "id"),
        ("/v1/invoices/in_missing/lines", 404, "resource_missing", "id"),
        ("/v1/charges/ch_1/lines", 404, None, None),
        ("/v1/unicorns", 404, None, None),
        ("/v2/charges", 404, None, None),
        ("/v1/events?types[]=x" + "&types[]=x" * 20, 400, None, "types"),
        ("/v1/events?type=a&types[]=b", 400, None, "type"),
    ],
)
def test_refusals_in_stripes_words(client: Client, path: str, status: int, code: str | None, param: str | None) -> None:
    error = client.error(path, status)
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert (error.get("code"), error.get("param")) == (code, param)


def test_a_restricted_key_names_the_permission_it_lacks() -> None:
    with serve(stripe_app(tiny(), forbidden={"rak_customer_read", "rak_accounts_kyc_basic_read"})) as server:
        client = Client(server.url)
        assert "'rak_customer_read'" in client.error("/v1/customers", 403)["message"]
        assert "'rak_customer_read'" in client.error("/v1/charges?expand[]=data.customer", 403)["message"]
        assert "'rak_accounts_kyc_basic_read'" in client.error("/v1/account", 403)["message"]
        assert client.get("/v1/charges").status_code == 200


def test_nothing_can_be_written(client: Client) -> None:
    answer = requests.post(client.url + "/v1/charges", headers={"Authorization": "Bearer rk_test_sandbox"}, timeout=10)
    assert answer.status_code == 403
    assert "'rak_charge_write'" in answer.json()["error"]["message"]


class TestRateLimits:
    def test_a_burst_meets_the_endpoints_limit_in_stripes_words(self) -> None:
        with serve(stripe_app(tiny(), rate_limits=RateLimits(clock=lambda: 0.0))) as server:
            client = Client(server.url)
            assert [client.get("/v1/charges").status_code for _ in range(26)] == [200] * 25 + [429]
            refused = client.get("/v1/charges")
            assert refused.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
            assert refused.json()["error"]["code"] == "rate_limit"
            assert client.get("/v1/refunds").status_code == 200

    def test_the_limits_are_on_by_default(self) -> None:
        with serve(stripe_app(tiny())) as server:
            client = Client(server.url)
            seen = [client.get("/v1/refunds?limit=1").status_code for _ in range(200)]
        assert set(seen) == {200, 429}

    def test_all_endpoints_together_and_any_second(self) -> None:
        now = 10.0
        limits = RateLimits(per_endpoint=25, overall=100, clock=lambda: now)
        for number in range(100):
            limits.admit(f"/v1/list{number % 5}")
        with pytest.raises(StripeRefusal) as refused:
            limits.admit("/v1/another")
        assert refused.value.headers == {"Stripe-Rate-Limited-Reason": "global-rate"}
        now = 10.9
        with pytest.raises(StripeRefusal):
            limits.admit("/v1/another")
        now = 11.0
        limits.admit("/v1/another")


class TestFaults:
    @staticmethod
    def serving(*broken: Response) -> tuple[list[str], object]:
        left = list(broken)
        seen: list[str] = []

        def fault(request: Request) -> Response | None:
            seen.append(request.url.path)
            return left.pop(0) if left else None

        return seen, fault

    def test_any_answer_can_be_put_in_stripes_place(self) -> None:
        seen, fault = self.serving(Response(status_code=503), Response('{"data": [', media_type="application/json"))
        with serve(stripe_app(tiny(), fault=fault)) as server:  # type: ignore[arg-type]
            client = Client(server.url)
            assert client.get("/v1/charges").status_code == 503
            with pytest.raises(ValueError):
                client.get("/v1/charges").json()
            assert client.get("/v1/charges").status_code == 200
        assert seen == ["/v1/charges"] * 3

    @pytest.mark.parametrize("after", [b"", b'{"object":"list","data":['])
    def test_the_connection_can_break(self, after: bytes) -> None:
        _, fault = self.serving(DroppedConnection(after))
        with serve(stripe_app(tiny(), fault=fault)) as server:  # type: ignore[arg-type]
            client = Client(server.url)
            with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                client.get("/v1/charges")
            assert client.get("/v1/charges").status_code == 200
