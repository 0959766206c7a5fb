"""How a stretch of `created` is listed by several requests at once: pure rules, no request is made here.

Stripe lists newest first and only by cursor, so one list is one request after the other. A page tells how dense its
stretch is: what is left after it may be cut into segments that are listed side by side. The topmost goes on from the
page's last object and includes its second, so that objects which share a second over a page border are not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

SHORTEST = 30
"""Seconds below which nothing is cut: a single dense second has to be listed in order anyway."""
WORTH = 2
"""Pages that a segment should have as far as can be told: one that turns out empty cost a request for nothing."""
FORESEEN = 40
"""Pages up to which the next segment trusts a page's density; beyond it segments grow with the distance."""
AT_FIRST, SPECULATION = 8, 0.15
"""Bounds of what may be asked in vain: one request for each page read at first, then this share."""


@dataclass(frozen=True)
class Segment:
    """A stretch of `created`, [start, end), still to be listed; only what is older than the object `cursor`, if any.

    `until_now` leaves out the upper bound of the request.
    """

    start: int
    end: int
    until_now: bool = False
    cursor: str | None = None

    def params(self) -> dict[str, object]:
        """The list parameters."""
        bounds = {"gte": self.start} if self.until_now else {"gte": self.start, "lt": self.end}
        return {"created": bounds} | ({"starting_after": self.cursor} if self.cursor else {})

    def __contains__(self, created: int) -> bool:
        return self.start <= created and (self.until_now or created < self.end)

    def __str__(self) -> str:
        return f"created {self.start}…{'' if self.until_now else self.end}"


@dataclass(frozen=True)
class Shown:
    """What a page of a segment showed."""

    created: Sequence[int]
    last: str
    """Id of the last object."""
    has_more: bool

    @property
    def in_order(self) -> bool:
        """Whether the page is newest first, as Stripe promises; only then its oldest object is a border."""
        return list(self.created) == sorted(self.created, reverse=True)


def rest(segment: Segment, page: Shown) -> Segment | None:
    """What is left of a segment after a page of it."""
    if not page.has_more:
        return None
    if not page.in_order:
        return replace(segment, cursor=page.last)
    end = page.created[-1] + 1
    return Segment(segment.start, min(end, segment.end), end > segment.end, page.last)


def whole(segment: Segment, left: Segment | None) -> tuple[int, int]:
    """The stretch of which nothing is missing once a page is stored that leaves `left`; it may be empty."""
    return (segment.start if left is None else left.end), segment.end


def pages_left(left: Segment, segment: Segment) -> float:
    """How many pages a rest has if it is as dense as the full page before it."""
    return (left.end - left.start) / max(1, segment.end - left.end)


def may_be_cut(pages_read: int) -> int:
    """Into how many segments more a list may have been cut by now: what turns out empty was asked in vain."""
    return min(AT_FIRST, pages_read) + int(SPECULATION * pages_read)


def cut(left: Segment, pages: float, most: int) -> list[Segment]:
    """A rest that may have `pages` pages in at most `most` segments, newest first.

    They are even as far as the density can be trusted, and grow with the distance from what was seen beyond that.
    """
    parts = min(most, int(pages / WORTH))
    if parts < 2 or left.until_now:
        return [left]
    growth = max(1.0, pages / parts / FORESEEN) ** (2 / (parts - 1))
    shares = [growth**n for n in range(parts)]
    seconds = (left.end - left.start) / sum(shares)
    borders: list[int] = []
    for n in range(1, parts):
        border, above = left.end - round(seconds * sum(shares[:n])), borders[-1] if borders else left.end
        if above - border >= SHORTEST and border - left.start >= SHORTEST:
            borders.append(border)
    below = zip([*borders[1:], left.start], borders, strict=True) if borders else ()
    top = replace(left, start=borders[0] if borders else left.start)
    return [top, *(Segment(start, end) for start, end in below if start < end)]


def without(start: int, end: int, stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """[start, end) without these stretches, in order."""
    left = []
    for begins, ends in sorted(stretches):
        if start < begins < end:
            left.append((start, begins))
        start = max(start, ends)
    return [*left, (start, end)] if start < end else left
