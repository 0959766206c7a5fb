"""The fast mode lists as Stripe does, in Stripe's shapes and sizes, and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.fast.app import FastStripe
from fortstripe_dagster.sandbox.stripe.fast.collection import Bounds, Collection, index_of, key
from fortstripe_dagster.sandbox.stripe.fast.templates import PREFIXES, templates
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster_tests.sandbox.stripe_client import Client
from fortstripe_dagster_tests.sandbox.stripe_schema import Validator, needs_schema, schema

FIRST = 1_772_323_200
TEMPLATES = templates()


def collection(path: str = "charges", count: int = 1_050) -> Collection:
    """A collection of two days."""
    return Collection(path, TEMPLATES[path], count, FIRST, 2)


def pages(read: Callable[[Bounds], bytes]) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    found: list[list[dict[str, Any]]] = []
    cursor = None
    while not found or cursor:
        page = json.loads(read(Bounds(starting_after=cursor)))
        found.append(page["data"])
        cursor = page["data"][-1]["id"] if page["has_more"] else None
    return found


@needs_schema
@pytest.mark.parametrize("path", PREFIXES)
def test_what_it_serves_fits_the_schema(path: str) -> None:
    objects = schema()["objects"]
    thing = json.loads(collection(path).one(7))
    assert Validator(objects).check(thing) == []
    assert thing["id"].startswith(PREFIXES[path]) and len(thing["id"]) == len(PREFIXES[path]) + 25


@pytest.mark.parametrize(("path", "size"), [("charges", 4_342), ("balance_transactions", 623)])
def test_an_object_is_as_large_as_in_life(path: str, size: int) -> None:
    assert abs(len(collection(path).one(7)) - size) < size * 0.05


def test_a_list_shows_each_object_once_newest_first_with_seconds_shared_over_page_borders() -> None:
    charges = collection()
    found = pages(lambda bounds: charges.page(bounds, 100))
    things = [thing for page in found for thing in page]
    assert len({thing["id"] for thing in things}) == len(things) == len(charges)
    assert [len(page) for page in found] == [100] * 10 + [50] and charges.useful_pages == 11
    moments = [thing["created"] for thing in things]
    assert moments == sorted(moments, reverse=True)
    assert any(before[-1]["created"] == after[0]["created"] for before, after in zip(found, found[1:], strict=False))


def test_bounds_cut_a_list_and_a_page_seen_before_is_not_useful() -> None:
    charges = collection()
    all_of_them = [json.loads(charges.one(index))["created"] for index in range(len(charges))]
    first, last = all_of_them[300], all_of_them[340]
    for _ in range(2):
        cut = json.loads(charges.page(Bounds(first, last), 100))
        assert [thing["created"] for thing in cut["data"]] == [m for m in all_of_them[::-1] if first <= m <= last]
        assert cut["has_more"] is False and charges.useful_pages == 1
    newer = json.loads(charges.page(Bounds(ending_before=cut["data"][0]["id"]), 5))
    assert [thing["created"] for thing in newer["data"]][-1] >= last and newer["has_more"] is True
    empty = json.loads(charges.page(Bounds(first=last + 10**6), 100))
    assert empty["data"] == [] and empty["has_more"] is False


def test_keys_lead_back_to_their_index() -> None:
    assert [index_of(key(index).decode()) for index in range(0, 10**6, 997)] == list(range(0, 10**6, 997))
    assert collection().index("ch_3QFast0Knothexadecimal00") is None
    assert collection().index("re_" + collection().one(3).decode()[12:36]) is None


def test_over_http_it_counts_refuses_and_explains_the_balance() -> None:
    app = FastStripe(
        {path: collection(path, 250) for path in ("charges", "balance_transactions")},
        RateLimits(per_endpoint=3, overall=6, clock=lambda: 0.0),
    )
    with serve(app) as server:
        client = Client(server.url)
        answers = [client.get("/v1/charges?limit=100&created[gte]=1") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
        transactions = client.body("/v1/balance_transactions?limit=100")["data"]
        sale = transactions[0]
        assert client.body(f"/v1/charges/{sale['source']}")["balance_transaction"] == sale["id"]
        balance = client.body("/v1/balance")
        assert client.get("/v1/invoices").headers["Stripe-Rate-Limited-Reason"] == "global-rate"
        stats = client.body("/stats")
    net = sum(json.loads(collection("balance_transactions", 250).one(index))["net"] for index in range(250))
    assert balance["available"][0]["amount"] == net
    assert stats["requests"] == 8 and stats["refused"] == {"429": 2}
    assert stats["by_endpoint"]["/v1/charges"] == 4 and stats["by_endpoint"]["/v1/charges/{id}"] == 1
    assert stats["useful_pages"] == {"charges": 1, "balance_transactions": 1}


@pytest.mark.parametrize(
    ("query", "param"),
    [("starting_after=ch_unknown", "starting_after"), ("limit=101", "limit"), ("customer=cus_1", "customer")],
)
def test_it_refuses_what_stripe_refuses(query: str, param: str) -> None:
    with serve(FastStripe({"charges": collection()})) as server:
        answer = Client(server.url).get(f"/v1/charges?{query}")
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param


def test_latency_does_not_keep_others_waiting() -> None:
    app = FastStripe({"charges": collection()}, latency=timedelta(milliseconds=30))
    sent: list[int] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {"type": "http", "path": "/v1/charges", "query_string": b"limit=1"}
        await app(scope, receive, send)

    async def all_at_once() -> None:
        await asyncio.gather(*(ask() for _ in range(20)))

    asyncio.run(all_at_once())
    assert sent == [200] * 20 and app.stats()["most_in_flight"] == 20
