"""Answers that cannot be trusted stop the run, name the page, and leave nothing behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import Company, Fault, StartCompany, list_of, march


def shop_with(refunds: int) -> tuple[World, list[StripeObject]]:
    """A world with that many refunds, one a minute on the second of March, newest first."""
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2, 6), amount=100_000)
    made = [world.refund(charge, at=march(2, 7 + n // 60, n % 60), amount=100) for n in range(refunds)]
    return world, made[::-1]


def on_page(number: int, answer: Response, path: str = "/v1/refunds") -> Fault:
    """Answer the `number`th request of a path by something else."""
    turns = iter(range(1, 1000))

    def fault(request: Request) -> Response | None:
        return answer if request.url.path == path and next(turns) == number else None

    return fault


def tampered(things: list[StripeObject], more: bool, **changes: Any) -> Response:
    """A page of these objects; the last one changed, fields set to None left out."""
    page = json.loads(json.dumps(list_of(*things, more=more), default=str))
    last = page["data"][-1]
    last.update(changes)
    page["data"][-1] = {key: value for key, value in last.items() if value is not None or key not in changes}
    return JSONResponse(page)


def refused(shop: Company) -> str:
    """What reading the refunds fails with; nothing of them may be stored."""
    with pytest.raises(StripeFailure) as caught:
        shop.read("refunds")
    assert shop.value("SELECT count(*) FROM stripe.raw_objects") == 0
    assert shop.value("SELECT count(*) FROM stripe.refunds") == 0
    assert shop.value("SELECT count(*) FROM stripe.windows") == 0
    assert list((shop.settings.home / "spool").iterdir()) == []
    return str(caught.value)


def test_a_list_is_followed_to_its_end(company: StartCompany) -> None:
    world, _ = shop_with(refunds=250)
    shop = company(world)
    (report,) = shop.read("refunds")
    assert (report.rows, report.changed) == (250, 250)
    assert report.requests <= 3 + 3  # what is cut off and turns out empty is bounded
    assert shop.value("SELECT count(DISTINCT id) FROM stripe.refunds") == 250


def test_truncated_json_is_refused(company: StartCompany) -> None:
    world, made = shop_with(refunds=120)
    cut = tampered(made[100:], more=False).body[:-30]
    shop = company(world, fault=on_page(2, Response(bytes(cut), media_type="application/json")))
    assert "refunds, page 2 is cut off or not JSON" in refused(shop)


def test_a_page_that_repeats_is_refused(company: StartCompany) -> None:
    world, made = shop_with(refunds=120)
    shop = company(world, fault=on_page(2, tampered(made[:100], more=True)))
    assert "Stripe repeated objects: refunds, page 2" in refused(shop)


def test_a_page_that_overlaps_the_one_before_is_refused(company: StartCompany) -> None:
    world, made = shop_with(refunds=120)
    shop = company(world, fault=on_page(2, tampered(made[99:], more=False)))
    assert "Stripe repeated objects: refunds, page 2" in refused(shop)


def test_has_more_without_progress_is_refused(company: StartCompany) -> None:
    world, _ = shop_with(refunds=120)
    shop = company(world, fault=on_page(2, JSONResponse(list_of(more=True))))
    assert "more follows refunds, page 2, but that page is empty" in refused(shop)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": None}, "An object without id on refunds, page 1"),
        ({"created": None}, "on refunds, page 1 came without `created`"),
        ({"object": "charge"}, "on refunds, page 1 is a charge, not a refund"),
    ],
)
def test_an_object_that_is_not_what_was_asked_for_is_refused(
    company: StartCompany, changes: dict[str, Any], says: str
) -> None:
    world, made = shop_with(refunds=3)
    assert says in refused(company(world, fault=on_page(1, tampered(made, False, **changes))))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"ok"', b"<html>", b'{"object": "list"}', b"\xff\xfe{}"])
def test_what_is_no_list_is_refused(company: StartCompany, body: bytes) -> None:
    world, _ = shop_with(refunds=1)
    answer = Response(body, media_type="application/json")
    assert "refunds, page 1" in refused(company(world, fault=on_page(1, answer)))


def test_another_object_than_the_one_asked_for_is_refused(company: StartCompany) -> None:
    world, (refund,) = shop_with(refunds=1)
    other = world.one_off_payment(at=march(2), amount=500)
    wrong = JSONResponse(json.loads(json.dumps(other, default=str)))
    shop = company(world, fault=on_page(1, wrong, path=f"/v1/charges/{refund['charge']}"))
    shop.read("refunds")
    with shop.run() as run, pytest.raises(StripeFailure, match=f"Asked for charges {refund['charge']}.*{other['id']}"):
        run.complete_references()
    assert shop.value("SELECT count(*) FROM stripe.charges") == 0


def test_objects_made_while_a_list_is_read_do_not_disturb_it(company: StartCompany) -> None:
    world, made = shop_with(refunds=150)
    charge = world.get("charge", made[0]["charge"])
    turns = iter(range(100))

    def more_happens(request: Request) -> None:
        if request.url.path == "/v1/refunds" and next(turns) == 1:
            world.refund(charge, at=march(3), amount=100)

    shop = company(world, fault=more_happens)
    (report,) = shop.read("refunds")
    assert report.rows == 150
    (report,) = shop.read("refunds")
    assert (report.rows, report.changed) == (151, 1)


def test_a_second_shared_by_many_over_a_page_border_is_read_whole(company: StartCompany) -> None:
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2, 6), amount=100_000)
    for _ in range(230):
        world.refund(charge, at=march(2, 7), amount=100)
    shop = company(world)
    shop.read("refunds")
    assert shop.value("SELECT count(DISTINCT id) FROM stripe.refunds") == 230
