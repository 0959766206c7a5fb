"""Each thing that can go wrong at Stripe: the right result, or a run that fails, names it, and leaves whole windows.

The run after the trouble always brings what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.extract import LISTED, STREAMS, Patience
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.faults import (
    FOREVER,
    Fault,
    Faulty,
    Kind,
    failing,
    forbidden,
    lagging,
    meanwhile,
    rate_limited,
    repeating,
    reset,
    reset_midway,
    slow,
    stuck,
    truncated,
    without,
)
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import (
    MARCH,
    Company,
    StartCompany,
    Switchboard,
    march,
    pointed_elsewhere,
)

REFUNDS = "/v1/refunds"
SOME = 320
"""Refunds in a world: several pages, and seconds shared over their borders."""


@dataclass
class Trouble:
    """A company, its world, and the wrapper that spoils what it asks."""

    shop: Company
    stripe: Faulty

    @property
    def world(self) -> World:
        return self.shop.world

    def read(self, *streams: str, days: Days = MARCH) -> None:
        """List some streams."""
        self.shop.read(*(streams or ("refunds",)), days=days)

    def read_all_the_same(self, *faults: Fault) -> None:
        """With these faults the list is read whole."""
        self.stripe.spoil(faults)
        self.read()
        self.assert_whole()

    def refuses(self, *faults: Fault, streams: Sequence[str] = ("refunds",)) -> str:
        """What the run says that these faults stop; none of its windows is noted. Afterwards all is read whole."""
        self.stripe.spoil(faults)
        with pytest.raises(StripeFailure) as caught:
            self.read(*streams)
        assert self.shop.value("SELECT count(*) FROM stripe.windows WHERE stream = ?", streams[-1]) == 0
        self.stripe.spoil([])
        self.read(*streams)
        self.assert_whole(streams[-1])
        return str(caught.value)

    def assert_whole(self, stream: str = "refunds") -> None:
        """The table holds each object of the world once, and no other."""
        found = self.shop.rows(f"SELECT id FROM stripe.{STREAMS[stream].tables[0]} ORDER BY id")
        assert found == sorted((thing["id"],) for thing in self.world.all(STREAMS[stream].object))


StartTrouble = Callable[[World], Trouble]


@pytest.fixture
def troubled(company: StartCompany, switchboard: Switchboard) -> StartTrouble:
    """`troubled(world)` serves a world through a wrapper that a test may spoil."""

    def start(world: World) -> Trouble:
        stripe = Faulty(stripe_app(world, rate_limits=RateLimits(per_endpoint=100_000, overall=100_000)))
        return Trouble(pointed_elsewhere(company(world), stripe_api_base=switchboard.connect(stripe)), stripe)

    return start


def with_refunds() -> World:
    """A world with refunds over three weeks of March, four in each second."""
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(1, 6), amount=10_000_000)
    for number in range(SOME):
        world.refund(charge, at=march(2) + timedelta(hours=6 * (number // 4)), amount=100 + number)
    return world


@pytest.fixture(scope="module")
def refunds() -> World:
    """Such a world, to which nothing happens."""
    return with_refunds()


@pytest.fixture
def trouble(troubled: StartTrouble, refunds: World) -> Trouble:
    """A company with that world."""
    return troubled(refunds)


def test_the_wrapper_alone_changes_nothing(trouble: Trouble) -> None:
    trouble.read_all_the_same()
    assert len(trouble.stripe.asked) >= 4


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        (rate_limited("endpoint-rate"), 3),
        (rate_limited("global-rate", retry_after=0), 3),
        (rate_limited("endpoint-concurrency"), 2),
        (rate_limited(None), 3),
        (failing(500), 2),
        (failing(503), 2),
        (reset(), 2),
        (reset_midway(), 2),
        (slow(0.05), 2),
    ],
    ids=["429 burst", "429 of the account", "429 concurrency", "429 lock", "500", "503", "reset", "cut off", "slow"],
)
def test_a_passing_trouble_changes_nothing(trouble: Trouble, kind: Kind, times: int) -> None:
    trouble.read_all_the_same(Fault(REFUNDS, kind, nth=2, times=times))


def test_an_answer_slower_than_our_patience_is_asked_for_again(trouble: Trouble) -> None:
    trouble.shop = replace(trouble.shop, patience=Patience(attempts=4, first_delay=0.01, read_timeout=0.25))
    trouble.read_all_the_same(Fault(REFUNDS, slow(1), nth=2))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (rate_limited("endpoint-rate"), "429"),
        (failing(500), "500"),
        (reset(), "cannot be reached"),
        (truncated(), "cut off"),
        (stuck(), "refunds"),
        (repeating(), "refunds"),
        (without("charge"), "charge"),
        (without("id"), "id"),
        (without("created"), "created"),
        (forbidden("rak_charge_read"), "rak_charge_read"),
    ],
    ids=["429", "500", "reset", "truncated", "no progress", "repeats", "no field", "no id", "no created", "403"],
)
def test_a_lasting_trouble_stops_the_run_and_is_named(trouble: Trouble, kind: Kind, says: str) -> None:
    said = trouble.refuses(Fault(REFUNDS, kind, nth=2, times=FOREVER))
    assert says in said and "refund" in said


@pytest.mark.parametrize(
    "kind",
    [truncated(), stuck(), repeating(), without("amount")],
    ids=["truncated", "no progress", "repeats", "no field"],
)
def test_one_page_that_cannot_be_trusted_is_never_stored(trouble: Trouble, kind: Kind) -> None:
    trouble.stripe.spoil([Fault(REFUNDS, kind, nth=3)])
    try:
        trouble.read()
    except StripeFailure as refused:
        assert "refund" in str(refused)
        assert trouble.shop.value("SELECT count(*) FROM stripe.windows WHERE stream = 'refunds'") == 0
        trouble.read()
    trouble.assert_whole()


def test_a_stream_that_the_key_may_not_read_is_named_whichever_it_is(troubled: StartTrouble) -> None:
    trouble = troubled(World(now=march(1)))
    with trouble.shop.run() as run:
        for name in LISTED:
            trouble.stripe.spoil([Fault(STREAMS[name].path, forbidden("rak_of_that_stream_read"), times=FOREVER)])
            with pytest.raises(StripeFailure, match="rak_of_that_stream_read") as caught:
                run.extract_stream(name, MARCH)
            assert name in str(caught.value)
    assert trouble.shop.value("SELECT count(*) FROM stripe.windows") == 0


def test_a_field_lost_in_one_stream_leaves_the_others_whole(trouble: Trouble) -> None:
    trouble.stripe.spoil([Fault(REFUNDS, without("amount"), times=FOREVER)])
    trouble.read("charges")
    with pytest.raises(StripeFailure, match="amount"):
        trouble.read("refunds")
    trouble.assert_whole("charges")
    assert trouble.shop.value("SELECT count(*) FROM stripe.refunds") == 0


def test_what_happens_between_two_pages_is_read_now_or_by_the_next_run(troubled: StartTrouble) -> None:
    world = with_refunds()
    trouble = troubled(world)
    charge = world.all("charge")[0]
    moments = (march(29, hour) for hour in count(1))

    def one_more() -> None:
        world.refund(charge, at=next(moments), amount=7)

    trouble.stripe.spoil([Fault(REFUNDS, meanwhile(one_more), nth=2, times=5)])
    trouble.read()
    found = trouble.shop.value("SELECT count(DISTINCT id) FROM stripe.refunds")
    assert SOME <= found <= len(world.all("refund"))
    trouble.stripe.spoil([])
    trouble.read()
    trouble.assert_whole()


def test_a_second_that_fills_several_pages_is_read_whole_though_it_still_grows(troubled: StartTrouble) -> None:
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(1, 6), amount=10_000_000)
    for number in range(330):
        world.refund(charge, at=march(2) + timedelta(seconds=number // 300), amount=100)
    trouble = troubled(world)

    def one_more() -> None:
        world.refund(charge, at=march(2) + timedelta(seconds=1), amount=7)

    trouble.stripe.spoil([Fault(REFUNDS, meanwhile(one_more), nth=2, times=2)])
    trouble.read()
    trouble.stripe.spoil([])
    trouble.read()
    trouble.assert_whole()


def test_an_invoice_is_stored_with_all_its_lines_or_not_at_all(troubled: StartTrouble) -> None:
    world = World(now=march(1))
    firm = world.customer(name="Norrsken AB", at=march(1))
    rows = [Line(description=f"Rad {n}", unit_amount=100 + n) for n in range(130)]
    for day, long in ((2, 10), (3, 70), (4, 130)):
        world.invoice(at=march(day), customer=firm, lines=rows[:long])
    trouble = troubled(world)
    said = trouble.refuses(Fault("/v1/invoices/*/lines", truncated(), nth=2, times=FOREVER), streams=["invoices"])
    assert "lines" in said and "cut off" in said
    assert trouble.shop.value("SELECT count(*) FROM stripe.invoice_lines") == 10 + 70 + 130


@pytest.mark.parametrize("behind", [2, 500])
def test_an_object_that_shows_late_is_found_by_the_next_run(troubled: StartTrouble, behind: int) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=2))
    world.one_off_payment(at=now - timedelta(hours=2), amount=1_000)
    days = Days(today() - timedelta(days=1), today())
    trouble = troubled(world)
    trouble.read("charges", days=days)
    world.one_off_payment(at=now - timedelta(seconds=behind), amount=2_000)  # by a clock behind ours, or a slow list
    trouble.read("charges", days=days)
    trouble.assert_whole("charges")


def test_a_list_that_lags_is_caught_up_with(troubled: StartTrouble) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=2))
    for minutes in (90, 5, 2, 1):
        world.one_off_payment(at=now - timedelta(minutes=minutes), amount=1_000 + minutes)
    days = Days(today() - timedelta(days=1), today())
    trouble = troubled(world)
    trouble.stripe.spoil([Fault("/v1/charges", lagging(newest=3))])
    trouble.read("charges", days=days)
    assert trouble.shop.value("SELECT count(*) FROM stripe.charges") == 1
    trouble.read("charges", days=days)
    trouble.assert_whole("charges")


def test_an_object_from_a_clock_ahead_of_ours_is_stored_or_not_covered(troubled: StartTrouble) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=2))
    ahead = world.one_off_payment(at=now + timedelta(seconds=90), amount=1_000)
    trouble = troubled(world)
    trouble.read("charges", "balance_transactions", days=Days(today() - timedelta(days=1), today()))
    for stream, id in (("charges", ahead["id"]), ("balance_transactions", ahead["balance_transaction"])):
        stored = trouble.shop.value(f"SELECT count(*) FROM stripe.{stream} WHERE id = ?", id)
        covered = trouble.shop.value("SELECT max(to_ts) FROM stripe.coverage WHERE stream = ?", stream)
        assert stored or covered <= ahead["created"]
