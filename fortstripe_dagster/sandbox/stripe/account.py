"""The state of one Stripe account: its objects, its clock and its feed of events. How things come to be is `world`'s.

Objects are plain dicts in Stripe's shape and live: a later change shows in whatever was returned before. What Stripe
keeps but shows on no object (which payout took a balance transaction, all lines of an invoice) stands beside them.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import simplejson

from fortstripe_dagster.sandbox.stripe import account_shapes, shapes
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

Place = tuple[int, int, str]
"""(created, sequence, id): sorts objects of a type by age, ties in order of creation."""

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EVENTS_KEPT = timedelta(days=30)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 24


class Account:
    """One account's objects by type and id, deterministic ids, and a clock that only moves forward."""

    def __init__(
        self,
        *,
        seed: int = 1,
        now: datetime = datetime(2026, 3, 1, tzinfo=UTC),
        name: str = "Nordljus Handel AB",
        currency: str = "sek",
        livemode: bool = False,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError(f"The clock {now} has no time zone: give an aware datetime.")
        self.seed = seed
        self.now = now
        self.livemode = livemode
        self.currency = currency
        self.payout_members: dict[str, list[str]] = {}
        """payout id -> ids of the balance transactions it took, its own included."""
        self.not_paid_out: dict[str, StripeObject] = {}
        """id -> balance transaction that no automatic payout took yet."""
        self.lines: dict[str, list[StripeObject]] = {}
        """invoice or credit note id -> all its lines, of which the object shows ten."""
        self.tax_ids: dict[str, list[StripeObject]] = defaultdict(list)
        """customer id -> tax ids, shown only when expanded."""
        self._objects: dict[str, dict[str, StripeObject]] = defaultdict(dict)
        self._order: dict[str, list[Place]] = defaultdict(list)
        self._places: dict[str, Place] = {}
        self._referring: dict[tuple[str, str], dict[str, list[StripeObject]]] = {}
        self._counts: dict[str, int] = defaultdict(int)
        opened = int((now - timedelta(days=400)).timestamp())
        self.account = account_shapes.account(
            id=self.new_id("acct")[:21], name=name, country="SE", currency=currency, created=opened
        )

    def new_id(self, prefix: str) -> str:
        """The next id for `prefix` ("ch" -> "ch_3Kx…"); equal seeds give equal ids in equal order."""
        self._counts[prefix] += 1
        digest = int.from_bytes(sha256(f"{self.seed}:{prefix}:{self._counts[prefix]}".encode()).digest(), "big")
        letters = []
        for _ in range(_ID_LENGTH):
            digest, letter = divmod(digest, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return f"{prefix}_{''.join(letters)}"

    def at(self, moment: datetime) -> int:
        """`moment` as Stripe's seconds since 1970, moving the clock there if it is later. ValueError without a zone."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone: give an aware datetime.")
        self.now = max(self.now, moment)
        return int(moment.timestamp())

    def add(self, thing: StripeObject, *, created: int | None = None) -> StripeObject:
        """File a new object under its type and id; `created` for the few types that have no such field."""
        if "livemode" in thing:
            thing["livemode"] = self.livemode
        kind = thing["object"]
        self._objects[kind][thing["id"]] = thing
        place = (thing["created"] if created is None else created, len(self._objects[kind]), thing["id"])
        self._places[thing["id"]] = place
        insort(self._order[kind], place)
        for (of_kind, field), index in self._referring.items():
            if of_kind == kind:
                index[thing[field]].append(thing)
        return thing

    def find(self, kind: str, id: str) -> StripeObject | None:
        """The object, also a deleted one, or None."""
        return self._objects[kind].get(id)

    def get(self, kind: str, id: str) -> StripeObject:
        """The object. KeyError names a missing one."""
        found = self.find(kind, id)
        if found is None:
            raise KeyError(f"No such {kind}: {id}")
        return found

    def all(self, kind: str) -> list[StripeObject]:
        """Every object of a type, oldest first."""
        return [self._objects[kind][id] for _, _, id in self._order[kind]]

    def referring(self, kind: str, field: str, id: str) -> list[StripeObject]:
        """Objects of a type whose `field` (which never changes) holds `id`, in order of creation."""
        if (kind, field) not in self._referring:
            index: dict[str, list[StripeObject]] = defaultdict(list)
            for thing in self.all(kind):
                index[thing[field]].append(thing)
            self._referring[kind, field] = index
        return self._referring[kind, field][id]

    def order(self, kind: str) -> list[Place]:
        """The place of every object of a type, oldest first: what lists page through."""
        return self._order[kind]

    def place(self, id: str) -> Place:
        """The place of an object among its type; it outlives the object's deletion."""
        return self._places[id]

    def emit(self, kind: str, thing: StripeObject, at: datetime) -> None:
        """Record an event with the object as it is now; later changes do not touch it."""
        snapshot = simplejson.RawJSON(simplejson.dumps(thing, use_decimal=True))
        self.add(
            shapes.event(
                id=self.new_id("evt"), type=kind, created=self.at(at), data={"object": snapshot}, livemode=self.livemode
            )
        )

    def is_available(self, transaction: StripeObject) -> bool:
        """Whether a balance transaction's money may be paid out by now."""
        return bool(transaction["available_on"] <= self.now.timestamp())

    def balance(self) -> StripeObject:
        """What GET /v1/balance shows: available and pending net by currency."""
        sums: dict[str, dict[str, int]] = {"available": defaultdict(int), "pending": defaultdict(int)}
        sums["available"][self.currency] = sums["pending"][self.currency] = 0
        for transaction in self.all("balance_transaction"):
            if transaction["balance_type"] == "payments":
                where = "available" if self.is_available(transaction) else "pending"
                sums[where][transaction["currency"]] += transaction["net"]
        return {"object": "balance", "livemode": self.livemode} | {
            where: [_balance_row(currency, amount) for currency, amount in sorted(amounts.items())]
            for where, amounts in sums.items()
        }


def _balance_row(currency: str, amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def total_net(transactions: Iterable[StripeObject]) -> int:
    """Σ net in minor units."""
    return sum(transaction["net"] for transaction in transactions)
