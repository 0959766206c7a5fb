"""However a stretch is cut: everything in it is seen, and what counts as listed is never more than what was seen."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fortstripe_dagster.extract import segments
from fortstripe_dagster.extract.segments import SHORTEST, Segment, Shown

START, END = 1_000_000, 1_000_000 + 40 * 86_400
BUSY = st.integers(START, END - 1)
"""Moments anywhere."""
DENSE = st.integers(START + 500_000, START + 500_060)
"""Moments within a minute: many share a second."""


class Account:
    """A list at Stripe with small pages: objects by moment of creation, newest first."""

    def __init__(self, created: list[int], page: int) -> None:
        self.created = sorted(created)
        self.page = page

    def show(self, segment: Segment) -> tuple[Shown, range]:
        """A page, and which objects it holds."""
        low = bisect_left(self.created, segment.start)
        high = len(self.created) if segment.until_now else bisect_left(self.created, segment.end)
        if segment.cursor:
            high = min(high, int(segment.cursor))
        first = max(low, high - self.page)
        return Shown(self.created[first:high][::-1], str(first), first > low), range(first, high)


@settings(max_examples=200, deadline=None)
@given(
    created=st.lists(BUSY | DENSE, max_size=400),
    page=st.integers(1, 20),
    order=st.randoms(use_true_random=False),
    until_now=st.booleans(),
    young=st.integers(0, 3),
)
def test_all_is_seen_however_it_is_cut(created: list[int], page: int, order, until_now: bool, young: int) -> None:  # type: ignore[no-untyped-def]
    account = Account(created + [END + 5] * (young if until_now else 0), page)
    todo, seen, done = [Segment(START, END, until_now)], set[int](), list[tuple[int, int]]()
    while todo:
        segment = todo.pop(order.randrange(len(todo)))
        shown, objects = account.show(segment)
        assert all(account.created[index] in segment for index in objects)
        seen.update(objects)
        left = segments.rest(segment, shown)
        done.append(segments.whole(segment, left))
        for start, end in done:
            assert all(i in seen for i in range(bisect_left(account.created, start), bisect_left(account.created, end)))
        if left:
            todo.extend(segments.cut(left, segments.pages_left(left, segment), order.randrange(1, 9)))
    assert seen == set(range(len(account.created)))
    assert segments.without(START, END, done) == []


@given(pages=st.floats(0, 1e9), most=st.integers(-2, 40), seconds=st.integers(1, 10**8))
def test_the_parts_of_a_rest_touch_and_only_the_topmost_goes_on(pages: float, most: int, seconds: int) -> None:
    left = Segment(START, START + seconds, cursor="ch_1")
    parts = segments.cut(left, pages, most)
    assert len(parts) <= max(1, most)
    assert [part.start for part in parts[:-1]] == [part.end for part in parts[1:]]
    assert (parts[0].end, parts[-1].start) == (left.end, left.start)
    assert [part.cursor for part in parts] == ["ch_1"] + [None] * (len(parts) - 1)
    assert len(parts) == 1 or min(part.end - part.start for part in parts) >= SHORTEST


def test_a_rest_is_cut_evenly_as_far_as_its_density_can_be_trusted() -> None:
    left = Segment(START, START + 80_000, cursor="ch_1")
    assert {part.end - part.start for part in segments.cut(left, 80, 4)} == {20_000}
    far = segments.cut(left, 80_000, 4)
    lengths = [part.end - part.start for part in far]
    assert lengths == sorted(lengths) and lengths[0] < 2_000


@pytest.mark.parametrize(("pages", "seconds"), [(1.5, 86_400), (50, SHORTEST - 1)])
def test_what_is_short_or_nearly_done_is_not_cut(pages: float, seconds: int) -> None:
    left = Segment(START, START + seconds, cursor="ch_1")
    assert segments.cut(left, pages, 8) == [left]


def test_a_page_out_of_order_is_no_border() -> None:
    segment = Segment(START, END)
    left = segments.rest(segment, Shown([START + 9, START + 50, START + 7], "ch_3", True))
    assert left == Segment(START, END, cursor="ch_3")
    assert segments.whole(segment, left) == (END, END)


def test_what_was_listed_before_is_left_out() -> None:
    assert segments.without(0, 100, [(60, 100), (10, 20), (15, 30), (200, 300)]) == [(0, 10), (30, 60)]
    assert segments.without(0, 100, [(-5, 200)]) == []
    assert segments.without(0, 100, []) == [(0, 100)]
