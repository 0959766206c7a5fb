"""From Stripe into the warehouse: requests side by side, their answers spooled, and committed in bounded parts.

Memory does not grow with what is read: once enough pages wait, they are committed with the pieces of their windows they
make up. The last part of a window makes it whole. Nobody waits for Stripe while the warehouse is open.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import duckdb

from fortstripe_dagster.extract.client import resource_of
from fortstripe_dagster.extract.commit import Committed, commit
from fortstripe_dagster.extract.coverage import Whole, record_pieces, record_windows
from fortstripe_dagster.extract.crew import Crew, Task
from fortstripe_dagster.extract.listing import WindowListing
from fortstripe_dagster.extract.pages import StripeReader
from fortstripe_dagster.extract.personal import left_out
from fortstripe_dagster.extract.report import StreamReport
from fortstripe_dagster.extract.spool import Page, Piece, Spool, drop, now
from fortstripe_dagster.extract.streams import STREAMS, SUBLISTS
from fortstripe_dagster.extract.windows import Window
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Say, Warehouse

PART_BYTES, PART_PAGES = 40 * 2**20, 200
"""Answers committed together, at most: bounds the memory of a commit."""
FIRST_PAGES, SHARE = 48, 4
"""Pages after which the first part is committed, then always a quarter of all: a run that dies loses no more."""
SAY_EVERY = 10.0
"""Seconds between two lines of progress."""

Answer = TypeVar("Answer")
Question = Callable[[duckdb.DuckDBPyConnection], Answer]


class Gathering:
    """What a run uses to read from Stripe into its warehouse."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        reader: StripeReader,
        record_requests: Callable[[duckdb.DuckDBPyConnection], None],
        progress: Say,
    ) -> None:
        self._settings = settings
        self._left_out = left_out(settings.stripe)
        self._warehouse = warehouse
        self._reader = reader
        self._record_requests = record_requests
        self._progress = progress

    def windows(
        self, planned: Mapping[str, Sequence[Window]], before: Sequence[Piece], first: Collection[str] = ()
    ) -> list[StreamReport]:
        """List windows of several streams at once; each stream's are committed whole or not at all.

        `before` are the pieces that a run which was broken off has committed. The streams `first` are read to their
        end before any other is asked for. Raises StripeFailure; streams that were whole by then stay.
        """
        asked, spent = now(), {name: self.spent(STREAMS[name].path) for name in planned}
        with Spool(self._settings.home) as spool, Crew(self._reader.api.limiter) as crew:
            listings = [
                WindowListing(STREAMS[name], window, before, self._reader, crew, spool)
                for name, windows in planned.items()
                for window in windows
            ]

            def note(whole: Collection[str], connection: duckdb.DuckDBPyConnection) -> None:
                kept = [one for one in listings if one.stream.name in whole]
                windows = [Whole(one.stream.name, one.window, one.rows, one.requests) for one in kept]
                record_windows(connection, windows, asked)

            def keep_whole() -> None:
                whole = set(planned) - {one.stream.name for one in listings if not one.done}
                self._commit([page for page in spool.take() if _owner(page) in whole], partial(note, whole))

            phases: dict[bool, list[Task]] = {True: [], False: []}
            for listing in listings:
                phases[listing.stream.name in first] += listing.tasks()
            committed, _ = self._bring(spool, crew, phases.values(), partial(note, planned), listings, keep_whole)
        return [
            StreamReport(
                name,
                sum(one.rows for one in listings if one.stream.name == name),
                committed[name].changed,
                self.spent(STREAMS[name].path) - spent[name],
                tuple((window.start, window.end) for window in windows),
            )
            for name, windows in planned.items()
        ]

    def several(
        self, readings: Iterable[tuple[str, Callable[[Spool], None]]], ask: Question[Answer]
    ) -> tuple[dict[str, Committed], Answer]:
        """Read side by side, each below a path into the spool; what was committed by stream, and the answer to `ask`.

        Raises StripeFailure.
        """
        with Spool(self._settings.home) as spool, Crew(self._reader.api.limiter) as crew:

            def read(reading: Callable[[Spool], None]) -> Sequence[Task]:
                reading(spool)
                return ()

            tasks = [Task(resource_of(path), partial(read, reading)) for path, reading in readings]
            return self._bring(spool, crew, [tasks], ask)

    def spent(self, path: str) -> int:
        """Requests so far to an endpoint and what is below it."""
        resource = resource_of(path)
        counted = self._reader.api.requests.items()
        return sum(count for endpoint, count in counted if resource_of(endpoint) == resource)

    def _bring(
        self,
        spool: Spool,
        crew: Crew,
        phases: Iterable[Sequence[Task]],
        finish: Question[Answer],
        listings: Sequence[WindowListing] = (),
        give_up: Callable[[], None] = lambda: None,
    ) -> tuple[dict[str, Committed], Answer]:
        """Have the phases done one after the other, commit what arrives, and `finish` with the last of it.

        `give_up` if Stripe fails us.
        """
        total: dict[str, Committed] = defaultdict(lambda: Committed(0, 0))
        said, pages = time.monotonic(), 0

        def enough() -> bool:
            return spool.bytes >= PART_BYTES or len(spool.pages) >= min(PART_PAGES, max(FIRST_PAGES, pages // SHARE))

        def going_on() -> bool:
            try:
                return crew.busy(enough, SAY_EVERY) or spool.bytes > PART_BYTES or len(spool.pages) > PART_PAGES
            except StripeFailure:
                give_up()
                raise

        for tasks in phases:
            crew.add(tasks)
            while going_on():
                if enough():
                    part = spool.take(PART_BYTES, PART_PAGES)
                    pages += len(part)
                    committed, _ = self._commit(part, partial(_record_pieces, part))
                    _add(total, committed)
                if time.monotonic() - said >= SAY_EVERY:
                    said = time.monotonic()
                    for listing in listings:
                        if not listing.done:
                            self._progress(listing.progress())
        committed, answer = self._commit(spool.take(), finish)
        return _add(total, committed), answer

    def _commit(self, pages: Sequence[Page], also: Question[Answer]) -> tuple[dict[str, Committed], Answer]:
        with self._warehouse.transaction() as connection:
            committed = commit(connection, pages, self._left_out)
            answer = also(connection)
            self._record_requests(connection)
        drop(pages)
        return committed, answer


def _record_pieces(pages: Sequence[Page], connection: duckdb.DuckDBPyConnection) -> None:
    record_pieces(connection, [(page.piece, page.asked_at) for page in pages if page.piece])


def _add(total: dict[str, Committed], more: Mapping[str, Committed]) -> dict[str, Committed]:
    for stream, done in more.items():
        total[stream] = Committed(total[stream].rows + done.rows, total[stream].changed + done.changed)
    return total


def _owner(page: Page) -> str:
    """The stream to which a page belongs, be it of a sublist."""
    return page.stream if page.stream in STREAMS else SUBLISTS[page.stream][0].name
