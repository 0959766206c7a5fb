"""Durations in words, and estimates from the pace so far."""

from __future__ import annotations

import pytest

from fortstripe_dagster.delivery.documents import desired
from fortstripe_dagster.delivery.planning.time_left import FIRST_GUESS, TimeLeft, duration
from fortstripe_dagster_tests.delivery.house import House
from fortstripe_dagster_tests.delivery.test_deliver import a_few_days


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (119, "119 s"), (120, "0 h 2 min"), (3599, "1 h 0 min"), (9000, "2 h 30 min")]
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_is_left_follows_from_the_pace_so_far() -> None:
    now = 100.0
    left = TimeLeft(lambda: now)
    assert left.said(1, 10) == ""
    now += FIRST_GUESS
    assert left.said(0, 10) == "" and left.said(10, 10) == ""
    assert left.said(1, 10) == ", about 90 s left"
    now += 590
    assert left.said(5, 10) == ", about 0 h 10 min left"


def test_a_long_delivery_tells_which_part_is_done(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desired, "SLICE", 3)
    a_few_days(home)
    home.deliver()
    parts = [line for line in home.said if " is done, up to 2026-03-" in line]
    assert len(parts) > 1 and parts[-1].startswith(f"delivery: part {len(parts)} of {len(parts)} is done")
