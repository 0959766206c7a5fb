"""Reading lists and objects into a spool, and refusing whatever cannot be trusted.

An answer that is cut off, repeats, claims more without going on, or holds something else than was asked for stops the
run and names the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote

from fortstripe_dagster.extract import glimpse
from fortstripe_dagster.extract.client import StripeApi, StripeObjectMissing
from fortstripe_dagster.extract.glimpse import AGAIN
from fortstripe_dagster.extract.spool import Spool, now
from fortstripe_dagster.extract.streams import STREAMS, Stream, Sublist
from fortstripe_dagster.failures import StripeFailure


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


class StripeReader:
    """Reads from one account into spools; several threads may."""

    def __init__(
        self, api: StripeApi, expand: Mapping[str, Sequence[str]], expand_one: Mapping[str, Sequence[str]]
    ) -> None:
        self.api = api
        self._expand = expand
        """What is expanded besides in lists, by stream."""
        self._expand_one = expand_one
        """The same where an object is read by id."""

    def listings(self, stream: Stream) -> list[Listing]:
        """The lists of a stream: one, or one for each variant."""
        params = stream.list_params(self._expand.get(stream.name, ()))
        return [
            Listing(stream.name, stream.object, stream.permission, stream.path, {**params, **variant}, stream.sublists)
            for variant in stream.variants
        ]

    def page(self, listing: Listing, params: Mapping[str, Any], trail: Trail, what: str) -> Answer:
        """One page of a list, checked in itself and against those before; `what` names it in errors."""
        asked_at = now()
        body = self.api.get(listing.path, {**listing.params, **params}, reading=what, permission=listing.permission)
        entries, has_more = glimpse.of_list(body, listing.sublists, what)
        for entry in entries:
            if entry["id"] is None:
                raise StripeFailure(f"An object without id on {what}.", AGAIN)
            if entry["object"] != listing.object:
                raise StripeFailure(f"{entry['id']} on {what} is a {entry['object']}, not a {listing.object}.", AGAIN)
            if listing.parent is None and entry["created"] is None:
                raise StripeFailure(f"{entry['id']} on {what} came without `created`.", AGAIN)
        ids = [entry["id"] for entry in entries]
        if trail.ids.intersection(ids) or trail.cursors.intersection(ids):
            raise StripeFailure(f"Stripe repeated objects: {what} holds some of a page before.", AGAIN)
        if has_more and not ids:
            raise StripeFailure(f"Stripe says that more follows {what}, but that page is empty.", AGAIN)
        created = [entry["created"] for entry in entries]
        return Answer(body, asked_at, ids, created, has_more, glimpse.overflowing(entries, listing.sublists))

    def object(self, stream: Stream, id: str, spool: Spool) -> bool:
        """Read one object by id, sublists included; False if Stripe does not know it, which is kept as deleted.

        Raises StripeObjectMissing if it books money.
        """
        asked_at, what = now(), f"{stream.name} {id}"
        path = f"{stream.path}/{quote(id, safe='')}"
        try:
            body = self.api.get(
                path,
                stream.object_params(self._expand_one.get(stream.name, ())),
                reading=what,
                permission=stream.permission,
            )
        except StripeObjectMissing:
            if stream.books_money:
                raise
            gone = {"id": id, "object": stream.object, "deleted": True}
            spool.add(stream.name, json.dumps(gone).encode(), asked_at, single=True)
            return False
        answer = glimpse.of_object(body, stream.sublists, what)
        if answer["id"] != id or answer["object"] != stream.object:
            raise StripeFailure(f"Asked for {what}, Stripe answered {answer['object']} {answer['id']}.", AGAIN)
        if answer["created"] is None and not answer["deleted"]:
            raise StripeFailure(f"Stripe's {what} came without `created`.", AGAIN)
        spool.add(stream.name, body, asked_at, single=True)
        self.overflow(stream, glimpse.overflowing([answer], stream.sublists), spool)
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
            own = [
                payment
                for payment in json.loads(page.body)["data"]
                if (payment["payment"] or {}).get("payment_intent") == payment_intent
            ]
            if own:
                spool.add(stream.name, json.dumps({"object": "list", "data": own}).encode(), page.asked_at)
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
