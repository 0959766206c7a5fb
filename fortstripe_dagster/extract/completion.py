"""Fetching what the stored objects refer to, until nothing is missing: by id, as pages of lists, or lists inside them.

What is missing is asked of the warehouse (`references`); answers are spooled without it, and what they refer to is
asked in the transaction that commits them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb

from fortstripe_dagster.extract import neighbours, references
from fortstripe_dagster.extract.client import StripeApi
from fortstripe_dagster.extract.commit import Committed
from fortstripe_dagster.extract.gathering import Gathering
from fortstripe_dagster.extract.optional import naming_the_switch
from fortstripe_dagster.extract.pages import StripeReader
from fortstripe_dagster.extract.parents import parents_of
from fortstripe_dagster.extract.report import StreamReport
from fortstripe_dagster.extract.spool import Spool, now
from fortstripe_dagster.extract.streams import STREAMS, SUBLISTS, Stream
from fortstripe_dagster.extract.windows import Window
from fortstripe_dagster.settings import Settings

Ids = dict[str, list[str]]
"""Ids by stream."""


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched before the stored objects are complete; false when nothing is."""

    missing: references.Missing
    objects: Ids
    """Missing objects and those that may have changed."""
    pages: Mapping[str, Sequence[Window]]
    """Windows, by stream, that show several of them for the price of one."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.objects)


class Completion:
    """What a run uses to complete what it listed. `ask`, `list_windows`, `noted` and `remark` are the run's own."""

    def __init__(
        self,
        api: StripeApi,
        reader: StripeReader,
        gathering: Gathering,
        settings: Settings,
        ask: Callable[[Callable[[duckdb.DuckDBPyConnection], Any]], Any],
        list_windows: Callable[[Mapping[str, Sequence[Window]]], list[StreamReport]],
        noted: Callable[[StreamReport], StreamReport],
        remark: Callable[[str], None],
    ) -> None:
        self._api = api
        self._reader = reader
        self._gathering = gathering
        self._settings = settings
        self._ask = ask
        self._list = list_windows
        self._noted = noted
        self._remark = remark

    def until_nothing_is_missing(self, wanted: Wanted) -> None:
        """Fetch what is wanted, until the answers refer to nothing unknown."""
        while wanted:
            if wanted.objects:
                wanted = self._fetch(self._shown_together(wanted))
            elif wanted.missing.intents:
                wanted = self._look_up(wanted.missing.intents)
            elif wanted.missing.sublists:
                wanted = self._list_inside(wanted.missing.sublists)
            else:
                wanted = self._fetch(parents_of(self._api, wanted.missing.unplaced))

    def fetch_one_by_one(self, objects: Ids) -> None:
        """Fetch objects by id that a page would show for less, since a page shows less of each."""
        if objects:
            self.until_nothing_is_missing(self._fetch(objects))

    def _fetch(self, wanted: Mapping[str, Sequence[str]]) -> Wanted:
        """Fetch objects by stream and id; what is then wanted."""
        unknown: list[str] = []

        def read(stream: Stream, id: str, spool: Spool) -> None:
            with naming_the_switch(stream):
                if not self._reader.object(stream, id, spool):
                    unknown.append(f"{stream.name} {id}")

        then = self._gather(
            {name: STREAMS[name].path for name in wanted},
            [(STREAMS[name].path, partial(read, STREAMS[name], id)) for name, ids in wanted.items() for id in ids],
        )
        for what in sorted(unknown):
            self._remark(f"Stripe does not know {what}: it is kept as deleted.")
        return then

    def _look_up(self, intents: Sequence[str]) -> Wanted:
        """Find the invoice payments of payment intents, and remember where there is none; what is then wanted."""
        asked, found = now(), {}

        def read(intent: str, spool: Spool) -> None:
            found[intent] = self._reader.invoice_payments_of(intent, spool)

        def remember(connection: duckdb.DuckDBPyConnection) -> None:
            for intent, is_there in found.items():
                connection.execute("INSERT INTO stripe.lookups VALUES (?, ?, ?)", [intent, asked, is_there])

        path = STREAMS["invoice_payments"].path
        return self._gather({"invoice_payments": path}, [(path, partial(read, intent)) for intent in intents], remember)

    def _list_inside(self, wanted: Mapping[str, Sequence[str]]) -> Wanted:
        """Read sublists of several objects; what is then wanted."""

        def read(name: str, parent: str, spool: Spool) -> None:
            stream, sublist = SUBLISTS[name]
            self._reader.sublist(stream, sublist, parent, spool)

        paths = {name: SUBLISTS[name][1].path for name in wanted}
        return self._gather(
            paths,
            [(paths[name], partial(read, name, parent)) for name, parents in wanted.items() for parent in parents],
        )

    def _gather(
        self,
        paths: Mapping[str, str],
        readings: Sequence[tuple[str, Callable[[Spool], None]]],
        remember: Callable[[duckdb.DuckDBPyConnection], None] = lambda connection: None,
    ) -> Wanted:
        """Read side by side, commit, and ask in the same transaction what is wanted; `paths` by stream or sublist."""
        before = {name: self._gathering.spent(path) for name, path in paths.items()}

        def ask(connection: duckdb.DuckDBPyConnection) -> Wanted:
            remember(connection)
            return self.wanted(connection)

        committed, then = self._gathering.several(readings, ask)
        for name in dict.fromkeys([*paths, *committed]):
            done = committed.get(name, Committed(0, 0))
            spent = self._gathering.spent(paths[name]) - before[name] if name in paths else 0
            self._noted(StreamReport(name, done.rows, done.changed, spent))
        return then

    def wanted(self, connection: duckdb.DuckDBPyConnection, *open_ends: Ids) -> Wanted:
        """Ask what is missing, and what shows it and these open ends; of the streams that the company reads."""
        without = self._settings.stripe.switched_off
        missing = references.missing(connection, without)
        objects = {name: ids for name, ids in united(*open_ends, missing.objects).items() if name not in without}
        return Wanted(missing, objects, neighbours.pages(connection, objects))

    def _shown_together(self, wanted: Wanted) -> Ids:
        """List what a page shows for the price of one object; what is left to be fetched by id."""
        if not wanted.pages:
            return wanted.objects
        began = now()
        self._list(wanted.pages)
        return self._ask(partial(neighbours.unread, wanted=wanted.objects, since=began))


def united(*parts: Ids) -> Ids:
    """The ids of several questions, each once, by stream."""
    merged: dict[str, dict[str, None]] = {}
    for part in parts:
        for stream, ids in part.items():
            merged.setdefault(stream, {}).update(dict.fromkeys(ids))
    return {stream: list(ids) for stream, ids in merged.items()}
