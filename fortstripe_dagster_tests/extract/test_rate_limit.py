"""The buckets, on a clock of their own."""

from __future__ import annotations

from fortstripe_dagster.extract.rate_limit import SLOWEST, RateLimiter, TokenBucket


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_no_second_holds_more_than_rate_and_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(20, clock)
    sent = []
    for _ in range(200):
        clock.sleep(bucket.take())
        sent.append(clock.now)
    busiest = max(sum(1 for other in sent if start <= other < start + 1) for start in sent)
    assert busiest <= 25
    assert 200 / (sent[-1] - sent[0]) > 19


def test_a_429_halves_the_rate_and_success_brings_it_back() -> None:
    bucket = TokenBucket(20)
    for _ in range(20):
        bucket.slow_down()
    assert bucket.rate == SLOWEST
    for _ in range(60):
        bucket.recover()
    assert bucket.rate == bucket.ceiling == 20


def test_the_reason_says_which_bucket_gives_way() -> None:
    limiter = RateLimiter(20, 80)
    limiter.was_limited("charges", "endpoint-rate")
    assert (limiter.endpoint("charges").rate, limiter.endpoint("refunds").rate, limiter.account.rate) == (10, 20, 80)
    limiter.was_limited("charges", "global-concurrency")
    assert (limiter.endpoint("charges").rate, limiter.account.rate) == (10, 40)
    limiter.was_limited("refunds", None)
    assert limiter.endpoint("refunds").rate == 10
    limiter.went_through("charges")
    assert limiter.endpoint("charges").rate > 10 and limiter.account.rate > 40


def test_waiting_is_for_the_slower_of_both_buckets() -> None:
    waits: list[float] = []
    limiter = RateLimiter(per_endpoint=1000, per_account=1, sleep=waits.append)
    limiter.wait("charges")
    limiter.wait("refunds")
    assert len(waits) == 1 and 0.9 < waits[0] <= 1
