"""Reading lists and objects into a spool, and refusing whatever cannot be trusted.

A page is looked at by DuckDB, in memory: Python sees the ids and the flags, never a record. An answer that is cut off,
repeats, claims more without going on, or holds something else than was asked for stops the run and names the page.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote

import duckdb

from fortstripe_dagster.extract.client import StripeApi, StripeObjectMissing
from fortstripe_dagster.extract.spool import Spool, now
from fortstripe_dagster.extract.streams import STREAMS, Stream, Sublist
from fortstripe_dagster.failures import StripeFailure

_ITS_OWN = """
    SELECT json_object('object', 'list', 'data', json_group_array(item)), count(*)
    FROM (SELECT unnest(json_extract(?, '$.data[*]')) AS item)
    WHERE item ->> '$.payment.payment_intent' = ?
"""

AGAIN = "run the same command again; nothing of this window was committed. If it repeats, report it with this line."


@dataclass(frozen=True)
class Listing:
    """A list at Stripe: where it is, and what its objects must be."""

    name: str
    object: str
    permission: str
    path: str
    params: Mapping[str, Any]
    sublists: tuple[Sublist, ...] = ()
    parent: str | None = None


@dataclass(frozen=True)
class Trail:
    """What the pages before showed, so that a list that goes in circles is noticed."""

    ids: frozenset[str] = frozenset()
    """Of the page before."""
    cursors: frozenset[str] = frozenset()

    def after(self, ids: Sequence[str]) -> Trail:
        """The trail once a page with these ids is read."""
        return Trail(frozenset(ids), self.cursors | {ids[-1]})


@dataclass(frozen=True)
class Answer:
    """One page of a list: the bytes, and what must be known of them to go on."""

    body: bytes
    asked_at: datetime
    ids: list[str]
    created: list[int]
    has_more: bool
    overflowing: dict[str, list[str]]
    """Field of a sublist -> ids of the objects whose sublist goes on elsewhere."""


def listings(stream: Stream) -> list[Listing]:
    """The lists of a stream: one, or one for each variant."""
    return [
        Listing(
            stream.name,
            stream.object,
            stream.permission,
            stream.path,
            {**stream.list_params(), **variant},
            stream.sublists,
        )
        for variant in stream.variants
    ]


class StripeReader:
    """Reads from one account into spools; several threads may."""

    def __init__(self, api: StripeApi) -> None:
        self.api = api
        self._duck = duckdb.connect(":memory:", config={"threads": 1})
        self._of_thread = threading.local()

    def close(self) -> None:
        """Close the in-memory database and the connections."""
        self._duck.close()
        self.api.close()

    def page(self, listing: Listing, params: Mapping[str, Any], trail: Trail, what: str) -> Answer:
        """One page of a list, checked in itself and against those before; `what` names it in errors."""
        asked_at = now()
        body = self.api.get(listing.path, {**listing.params, **params}, reading=what, permission=listing.permission)
        item = {"id": "VARCHAR", "object": "VARCHAR", "created": "BIGINT"} | _flags(listing.sublists)
        page = self._glimpse(body, {"object": "VARCHAR", "has_more": "BOOLEAN", "data": [item]}, what)
        if page["object"] != "list" or page["data"] is None or page["has_more"] is None:
            raise StripeFailure(f"Stripe's answer for {what} is not a list.", AGAIN)
        for entry in page["data"]:
            if entry is None or entry["id"] is None:
                raise StripeFailure(f"An object without id on {what}.", AGAIN)
            if entry["object"] != listing.object:
                raise StripeFailure(f"{entry['id']} on {what} is a {entry['object']}, not a {listing.object}.", AGAIN)
            if listing.parent is None and entry["created"] is None:
                raise StripeFailure(f"{entry['id']} on {what} came without `created`.", AGAIN)
        ids = [entry["id"] for entry in page["data"]]
        if trail.ids.intersection(ids) or trail.cursors.intersection(ids):
            raise StripeFailure(f"Stripe repeated objects: {what} holds some of a page before.", AGAIN)
        if page["has_more"] and not ids:
            raise StripeFailure(f"Stripe says that more follows {what}, but that page is empty.", AGAIN)
        created = [entry["created"] for entry in page["data"]]
        return Answer(body, asked_at, ids, created, page["has_more"], _overflowing(page["data"], listing.sublists))

    def object(self, stream: Stream, id: str, spool: Spool) -> bool:
        """Read one object by id, sublists included; False if Stripe does not know it, which is kept as deleted.

        Raises StripeObjectMissing if it books money.
        """
        asked_at, what = now(), f"{stream.name} {id}"
        path = f"{stream.path}/{quote(id, safe='')}"
        try:
            body = self.api.get(path, stream.object_params(), reading=what, permission=stream.permission)
        except StripeObjectMissing:
            if stream.books_money:
                raise
            gone = {"id": id, "object": stream.object, "deleted": True}
            spool.add(stream.name, json.dumps(gone).encode(), asked_at)
            return False
        fields = {"id": "VARCHAR", "object": "VARCHAR", "created": "VARCHAR", "deleted": "BOOLEAN"}
        answer = self._glimpse(body, fields | _flags(stream.sublists), what)
        if answer["id"] != id or answer["object"] != stream.object:
            raise StripeFailure(f"Asked for {what}, Stripe answered {answer['object']} {answer['id']}.", AGAIN)
        if answer["created"] is None and not answer["deleted"]:
            raise StripeFailure(f"Stripe's {what} came without `created`.", AGAIN)
        spool.add(stream.name, body, asked_at)
        self.overflow(stream, _overflowing([answer], stream.sublists), spool)
        return True

    def sublist(self, stream: Stream, sublist: Sublist, parent: str, spool: Spool) -> int:
        """Read a sublist whole; the number of its pages."""
        path = sublist.path.replace("{id}", quote(parent, safe=""))
        params = {"limit": 100, **{key: value.replace("{id}", parent) for key, value in sublist.params.items()}}
        listing = Listing(sublist.name, sublist.object, stream.permission, path, params, parent=parent)
        pages = 0
        for page in self._follow(listing):
            spool.add(sublist.name, page.body, page.asked_at, parent, also=sublist.counts_for)
            pages += 1
        return pages

    def overflow(self, stream: Stream, overflowing: Mapping[str, list[str]], spool: Spool) -> int:
        """Read the sublists that Stripe sent only the beginning of; the number of pages."""
        return sum(
            self.sublist(stream, sublist, parent, spool)
            for sublist in stream.sublists
            for parent in overflowing.get(sublist.inside or "", [])
        )

    def invoice_payments_of(self, payment_intent: str, spool: Spool) -> bool:
        """Read the invoice payments that a payment intent made; whether there are any."""
        stream = STREAMS["invoice_payments"]
        params = {"limit": 100, "payment": {"type": "payment_intent", "payment_intent": payment_intent}}
        found = False
        for page in self._follow(Listing(stream.name, stream.object, stream.permission, stream.path, params)):
            row = self._database.execute(_ITS_OWN, [page.body.decode(), payment_intent]).fetchone()
            if row and row[1]:
                spool.add(stream.name, row[0].encode(), page.asked_at)
                found = True
        return found

    def _follow(self, listing: Listing) -> Iterator[Answer]:
        """The pages of a list, one after the other."""
        params: dict[str, Any] = {}
        trail = Trail()
        of = f" of {listing.parent}" if listing.parent else ""
        for number in count(1):
            page = self.page(listing, params, trail, f"{listing.name}{of}, page {number}")
            yield page
            if not page.has_more:
                return
            trail = trail.after(page.ids)
            params["starting_after"] = page.ids[-1]

    @property
    def _database(self) -> duckdb.DuckDBPyConnection:
        """This thread's connection to the database in memory."""
        if not hasattr(self._of_thread, "connection"):
            self._of_thread.connection = self._duck.cursor()
        connection: duckdb.DuckDBPyConnection = self._of_thread.connection
        return connection

    def _glimpse(self, body: bytes, shape: Mapping[str, Any], what: str) -> dict[str, Any]:
        """The few fields named in `shape`, read by DuckDB."""
        try:
            row = self._database.execute(
                "SELECT to_json(json_transform(?, ?))", [body.decode("utf-8"), json.dumps(shape)]
            ).fetchone()
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise StripeFailure(f"{what} is cut off or not JSON ({len(body)} bytes).", AGAIN) from error
        answer: dict[str, Any] | None = json.loads(row[0]) if row and row[0] else None
        if answer is None:
            raise StripeFailure(f"{what} is not a JSON object.", AGAIN)
        return answer


def _overflowing(entries: Sequence[Mapping[str, Any]], sublists: tuple[Sublist, ...]) -> dict[str, list[str]]:
    return {
        sublist.inside: [e["id"] for e in entries if (e[sublist.inside] or {}).get("has_more")]
        for sublist in sublists
        if sublist.inside
    }


def _flags(sublists: tuple[Sublist, ...]) -> dict[str, Any]:
    return {sublist.inside: {"has_more": "BOOLEAN"} for sublist in sublists if sublist.inside}
