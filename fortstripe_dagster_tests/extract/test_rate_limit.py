"""The buckets, on a clock of their own."""

from __future__ import annotations

from collections import Counter

import pytest

from fortstripe_dagster.extract.rate_limit import LOWERED, SECOND, SLOWEST, RateLimiter


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def limiter(clock: Clock, per_endpoint: float = 25, per_account: float = 100, in_flight: int = 32) -> RateLimiter:
    return RateLimiter(per_endpoint, per_account, in_flight, clock, clock.sleep)


def busiest_second(sent: list[float]) -> int:
    return max(sum(1 for other in sent if start <= other < start + 1) for start in sent)


def test_no_second_holds_more_than_the_limit_and_nearly_all_of_it_is_used() -> None:
    clock = Clock()
    bound = limiter(clock)
    sent = [bound.wait("charges") for _ in range(500)]
    assert busiest_second(sent) == 25
    assert 500 / (sent[-1] - sent[0]) > 0.97 * 25


def test_lost_time_is_caught_up_but_never_beyond_the_limit() -> None:
    clock = Clock()
    bound = limiter(clock)
    sent = []
    for number in range(300):
        if number % 20 == 0:
            clock.sleep(0.15)
        sent.append(bound.wait("charges"))
    assert busiest_second(sent) == 25
    assert 300 / (sent[-1] - sent[0]) > 0.97 * 25


def test_four_endpoints_share_the_limit_of_the_account() -> None:
    clock = Clock()
    bound = limiter(clock)
    sent: dict[str, list[float]] = {name: [] for name in ("charges", "refunds", "payouts", "disputes", "customers")}
    for _ in range(200):
        for name, moments in sent.items():
            moments.append(bound.wait(name))
    together = sorted(moment for moments in sent.values() for moment in moments)
    assert busiest_second(together) == 100
    assert all(busiest_second(moments) <= 25 for moments in sent.values())
    assert len(together) / (together[-1] - together[0]) > 0.97 * 100


def test_a_busy_endpoint_does_not_hold_up_another() -> None:
    clock = Clock()
    bound = limiter(clock)
    for _ in range(60):
        bound.wait("charges")
    before = clock.now
    assert bound.wait("refunds") == before


def test_a_429_lowers_the_rate_once_for_all_that_was_under_way_and_success_brings_it_back() -> None:
    clock = Clock()
    bound = limiter(clock, per_endpoint=20)
    sent = [bound.wait("charges") for _ in range(5)]
    clock.sleep(0.1)
    for moment in sent:
        bound.was_limited("charges", None, moment)
    assert bound.endpoint("charges").rate == 20 * LOWERED
    for _ in range(20):
        clock.sleep(1)
        bound.was_limited("charges", None, clock.now - 0.1)
    assert bound.endpoint("charges").rate == SLOWEST
    for _ in range(60):
        bound.answered("charges", clock.now)
    assert bound.endpoint("charges").rate == bound.endpoint("charges").ceiling == 20


def test_a_lowered_rate_is_kept() -> None:
    clock = Clock()
    bound = limiter(clock)
    bound.was_limited("charges", "endpoint-rate", clock.now)
    sent = [bound.wait("charges") for _ in range(100)]
    assert 100 / (sent[-1] - sent[0]) == pytest.approx(25 * LOWERED, rel=0.05)


@pytest.mark.parametrize(
    ("reason", "endpoint", "account", "in_flight"),
    [
        (None, LOWERED, 1, 32),
        ("endpoint-rate", LOWERED, 1, 32),
        ("global-rate", 1, LOWERED, 32),
        ("global-concurrency", 1, LOWERED, 16),
        ("endpoint-concurrency", LOWERED, 1, 16),
        ("resource-specific", LOWERED, 1, 32),
    ],
)
def test_the_reason_says_what_gives_way(reason: str | None, endpoint: float, account: float, in_flight: int) -> None:
    clock = Clock()
    bound = limiter(clock, 20, 80)
    bound.was_limited("charges", reason, clock.now)
    assert (bound.endpoint("charges").rate, bound.account.rate) == (20 * endpoint, 80 * account)
    assert bound.in_flight == in_flight
    assert bound.endpoint("refunds").rate == 20
    clock.sleep(1)
    for _ in range(400):
        bound.answered("charges", clock.now)
    assert (bound.endpoint("charges").rate, bound.account.rate, bound.in_flight) == (20, 80, 32)


def test_waiting_is_for_the_slower_of_both_buckets() -> None:
    clock = Clock()
    bound = limiter(clock, per_endpoint=1000, per_account=1)
    first, second = bound.wait("charges"), bound.wait("refunds")
    assert second - first == pytest.approx(SECOND)


def test_as_many_requests_are_kept_under_way_as_the_rate_can_use() -> None:
    clock = Clock()
    bound = limiter(clock)
    nothing: Counter[str] = Counter()
    assert bound.room(nothing, "charges") == 1  # of an endpoint never asked, nothing is known
    sent = bound.wait("charges")
    clock.sleep(0.2)
    bound.answered("charges", sent)
    assert bound.room(nothing, "charges") == 8  # 25/s of 0.2 s each need five at once; some take longer
    assert bound.room(Counter(charges=6), "charges") == 2
    assert bound.room(Counter(refunds=31), "charges") == 1  # all together stay below what is allowed


def test_no_more_are_under_way_than_can_be_taken_in_however_long_they_then_wait() -> None:
    clock = Clock()
    bound = limiter(clock, per_endpoint=100_000, per_account=100_000)
    nothing: Counter[str] = Counter()
    for seconds in (0.01, 0.002, 0.05, 0.05, 0.05):
        sent = bound.wait("charges")
        clock.sleep(seconds)
        bound.answered("charges", sent)
    assert bound.room(nothing, "charges") == 2
