"""A stream's windows on their way from Stripe into a spool, listed by several requests at once.

Each page says what is left of its segment; that becomes the next tasks. Where the pages are committed, and when a
window is whole, is the caller's to decide; nothing here touches the warehouse.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial

from fortstripe_dagster.extract import segments
from fortstripe_dagster.extract.client import resource_of
from fortstripe_dagster.extract.crew import Crew, Task
from fortstripe_dagster.extract.glimpse import AGAIN
from fortstripe_dagster.extract.optional import naming_the_switch
from fortstripe_dagster.extract.pages import Listing, StripeReader, Trail
from fortstripe_dagster.extract.segments import Segment, Shown
from fortstripe_dagster.extract.spool import Piece, Spool
from fortstripe_dagster.extract.streams import Stream
from fortstripe_dagster.extract.windows import Window
from fortstripe_dagster.failures import StripeFailure


class WindowListing:
    """One window of a stream being listed, except for what an earlier run that was broken off has committed."""

    def __init__(
        self, stream: Stream, window: Window, before: Iterable[Piece], reader: StripeReader, crew: Crew, spool: Spool
    ) -> None:
        self.stream = stream
        self.window = window
        self._reader, self._crew, self._spool = reader, crew, spool
        within = [p for p in before if p.stream == stream.name and window.start <= p.start and p.end <= window.end]
        self._pieces: list[Piece] = within
        self.continued = bool(within)
        self._lists = reader.listings(stream)
        self._begun = time.monotonic()
        self._numbers = 0
        self._cuts = 0
        self._open = 0
        self._lock = threading.Lock()

    def tasks(self) -> list[Task]:
        """What to begin with."""
        begun = []
        for variant, listing in enumerate(self._lists):
            done = [(piece.start, piece.end) for piece in self._pieces if piece.variant == variant]
            for start, end in segments.without(self.window.start, self.window.end, done):
                latest = self.window.until_now and end == self.window.end
                begun.append(self._task(variant, listing, Segment(start, end, latest), Trail()))
        self._open = len(begun)
        return begun

    @property
    def done(self) -> bool:
        """Whether all of the window is in the spool, or was committed from it."""
        return self._open == 0

    @property
    def rows(self) -> int:
        """Objects in the answers so far, those of the run that was broken off included."""
        return sum(piece.rows for piece in self._pieces)

    @property
    def requests(self) -> int:
        """Answers so far, those of the run that was broken off included."""
        return sum(piece.requests for piece in self._pieces)

    def progress(self) -> str:
        """One line for a person: how far, how fast, how long still."""
        seconds = time.monotonic() - self._begun
        wanted = (self.window.end - self.window.start) * len(self._lists)
        share = sum(piece.end - piece.start for piece in self._pieces) / max(1, wanted)
        text = f"{self.stream.name}: {self.rows} read so far, {self._numbers / seconds:.1f} requests/s"
        if self.continued or not 0.05 < share < 1:
            return text
        return f"{text}, {share:.0%} of the time listed, about {seconds * (1 - share) / share:.0f} s left"

    def _task(self, variant: int, listing: Listing, segment: Segment, trail: Trail) -> Task:
        return Task(resource_of(listing.path), partial(self._read, variant, listing, segment, trail))

    def _read(self, variant: int, listing: Listing, segment: Segment, trail: Trail) -> Sequence[Task]:
        """Read a page of a segment into the spool; what is then left to do."""
        with self._lock:
            self._numbers += 1
            what = f"{listing.name}, page {self._numbers}"
        with naming_the_switch(self.stream):
            answer = self._reader.page(listing, segment.params(), trail, what)
        for id, created in zip(answer.ids, answer.created, strict=True):
            if created not in segment:
                raise StripeFailure(f"{id} on {what} was created at {created}, outside of {segment}.", AGAIN)
        sublist_pages = self._reader.overflow(self.stream, answer.overflowing, self._spool)
        shown = Shown(answer.created, answer.ids[-1] if answer.ids else "", answer.has_more)
        left = segments.rest(segment, shown)
        start, end = segments.whole(segment, left)
        piece = Piece(self.stream.name, variant, start, end, len(answer.ids), 1 + sublist_pages)
        self._spool.add(self.stream.name, answer.body, answer.asked_at, piece=piece)
        with self._lock:
            self._pieces.append(piece)
            if left is None:
                self._open -= 1
                return ()
            allowed = segments.may_be_cut(self._numbers) - self._cuts
            most = min(self._crew.room(resource_of(listing.path)), 1 + allowed)
            parts = segments.cut(left, segments.pages_left(left, segment), most)
            self._cuts += len(parts) - 1
            self._open += len(parts) - 1
        top, *others = parts
        return [
            self._task(variant, listing, top, trail.after(answer.ids)),
            *(self._task(variant, listing, part, Trail()) for part in others),
        ]
