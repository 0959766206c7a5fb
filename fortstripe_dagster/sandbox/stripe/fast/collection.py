"""A list of any length that is rendered when it is asked for: its memory is one timestamp and one flag an object."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from fortstripe_dagster.sandbox.stripe.fast.templates import PREFIXES, STEM

HOUR = 3_600
TRADE = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 24, 30, 26, 22, 22, 24, 30, 38, 44, 46, 38, 22, 8)
"""How busy a shop is at each hour of the day."""
TIED = 50
"""Every so many objects, one shares its second with the one before: ties fall on page borders, too."""

_SPREAD = 0x9E3779B97F4A7C15
_GATHER = pow(_SPREAD, -1, 2**64)


def key(index: int) -> bytes:
    """The key in an object's id: unique, and without order, as Stripe's ids are."""
    return b"%016x" % (index * _SPREAD % 2**64)


def index_of(text: str) -> int:
    """The index whose key it is. ValueError for what is no key."""
    return int(text, 16) * _GATHER % 2**64


def moments(count: int, first: int, days: int) -> array[int]:
    """`count` timestamps in order, from `first` for so many days, denser where a shop is busy; the same every time."""
    chance = random.Random(count)
    hours = list(accumulate(TRADE * days))
    found = sorted(
        first + hour * HOUR + chance.randrange(HOUR)
        for hour in chance.choices(range(len(hours)), cum_weights=hours, k=count)
    )
    for index in range(TIED, count, TIED):
        found[index] = found[index - 1]
    return array("L", found)


def amounts(index: int) -> tuple[int, int, int]:
    """(amount, fee, net) of the object at `index`, in minor units."""
    amount = 5_000 + index * 7_919 % 90_000
    fee = amount * 15 // 1000 + 180
    return amount, fee, amount - fee


@dataclass(frozen=True)
class Bounds:
    """What a list is cut by: `created` in [first, last], and a cursor in either direction."""

    first: int | None = None
    last: int | None = None
    starting_after: str | None = None
    ending_before: str | None = None


class Collection:
    """The objects of one path, oldest at index 0, listed newest first; it knows which were served before."""

    def __init__(self, path: str, template: bytes, count: int, first: int, days: int) -> None:
        self.path = path
        self.useful_pages = 0
        """Pages that held something which no page before had."""
        self._template = template
        self._created = moments(count, first, days)
        self._served = bytearray(count)
        self._stem = f"{PREFIXES[path]}_{STEM}"

    def __len__(self) -> int:
        return len(self._created)

    def index(self, id: str) -> int | None:
        """Where an object stands, or None."""
        try:
            found = index_of(id.removeprefix(self._stem)) if id.startswith(self._stem) else -1
        except ValueError:
            return None
        return found if 0 <= found < len(self) else None

    def one(self, index: int) -> bytes:
        """The object at an index."""
        amount, fee, net = amounts(index)
        gaps = {b"key": key(index), b"created": self._created[index], b"amount": amount, b"fee": fee, b"net": net}
        return self._template % gaps

    def page(self, bounds: Bounds, limit: int) -> bytes:
        """A page of the list. KeyError names a cursor that does not exist."""
        low = 0 if bounds.first is None else bisect_left(self._created, bounds.first)
        high = len(self) if bounds.last is None else bisect_left(self._created, bounds.last + 1)
        if bounds.starting_after is not None:
            high = min(high, self._cursor(bounds.starting_after))
        if bounds.ending_before is not None:
            low = max(low, self._cursor(bounds.ending_before) + 1)
            more, high = high - low > limit, min(high, low + limit)
        else:
            more, low = high - low > limit, max(low, high - limit)
        high = max(low, high)
        self._note(low, high)
        return listed(self.path, self._rendered(low, high), more=more)

    def _rendered(self, low: int, high: int) -> Iterator[bytes]:
        return (self.one(index) for index in range(high - 1, low - 1, -1))

    def _cursor(self, id: str) -> int:
        index = self.index(id)
        if index is None:
            raise KeyError(id)
        return index

    def _note(self, low: int, high: int) -> None:
        if self._served.find(0, low, high) >= 0:
            self.useful_pages += 1
            self._served[low:high] = b"\1" * (high - low)


def listed(path: str, things: Iterator[bytes] | tuple[bytes, ...], *, more: bool = False) -> bytes:
    """Stripe's envelope around a list."""
    return b'{"object": "list", "data": [%b], "has_more": %b, "url": "/v1/%b"}' % (
        b",".join(things), b"true" if more else b"false", path.encode(),
    )  # fmt: skip
