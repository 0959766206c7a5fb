"""Pages of a list: newest first, cut by `created`, filters, cursors and limit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal, missing, unknown_parameter
from fortstripe_dagster.sandbox.stripe.query import Query, bounds, limit, text
from fortstripe_dagster.sandbox.stripe.resources import Resource
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.sublists import Sublist

PAGING = frozenset({"ending_before", "expand", "limit", "starting_after"})


def page(account: Account, resource: Resource, query: Query) -> tuple[list[StripeObject], bool]:
    """One page of a collection, newest first, and whether there is more in the direction of travel."""
    for name in query:
        if name not in resource.parameters:
            raise unknown_parameter(name)
    _one_cursor(query)
    if "type" in query and "types" in query:
        raise StripeRefusal(400, "You may pass either type or types, but not both.", param="type")
    wanted = limit(query)
    matches = [resource.filters[name](name, raw) for name, raw in query.items() if name in resource.filters]

    def kept(ids: Iterable[str]) -> Iterator[StripeObject]:
        for id in ids:
            thing = account.get(resource.kind, id)
            if not resource.hides(account, thing, query) and all(match(account, thing) for match in matches):
                yield thing

    forwards = "ending_before" in query
    found = list(islice(kept(_window(account, resource, query)), wanted + 1))
    shown = found[:wanted]
    return (shown[::-1] if forwards else shown), len(found) > wanted


def _window(account: Account, resource: Resource, query: Query) -> Iterator[str]:
    """Ids between the `created` bounds, from the cursor away: older ones, or newer ones before `ending_before`."""
    order = account.order(resource.kind)
    first, last = bounds("created", query["created"]) if "created" in query else (None, None)
    low = 0 if first is None else bisect_left(order, (first,))
    high = len(order) if last is None else bisect_left(order, (last + 1,))
    if "ending_before" in query:
        low = max(low, bisect_right(order, _cursor(account, resource, query, "ending_before")))
        return (order[index][2] for index in range(low, high))
    if "starting_after" in query:
        high = min(high, bisect_left(order, _cursor(account, resource, query, "starting_after")))
    return (order[index][2] for index in range(high - 1, low - 1, -1))


def _cursor(account: Account, resource: Resource, query: Query, name: str) -> tuple[int, int, str]:
    id = text(name, query[name])
    if account.find(resource.kind, id) is None:
        raise missing(resource.kind, id, status=400, param=name)
    return account.place(id)


def _one_cursor(query: Query) -> None:
    if "starting_after" in query and "ending_before" in query:
        raise StripeRefusal(
            400, "You cannot parameterize both starting_after and ending_before.", param="ending_before"
        )


def rows_page(
    account: Account, rows: list[StripeObject], query: Query, sublist: Sublist
) -> tuple[list[StripeObject], bool]:
    """One page of a document's own list (invoice lines, tax ids), in the document's order."""
    for name in query:
        if name not in PAGING and name not in sublist.filters:
            raise unknown_parameter(name)
    _one_cursor(query)
    wanted, kind = limit(query), sublist.kind
    matches = [sublist.filters[name](name, raw) for name, raw in query.items() if name in sublist.filters]
    rows = [row for row in rows if all(match(account, row) for match in matches)]
    ids = [row["id"] for row in rows]
    if "ending_before" in query:
        before = _row_cursor(ids, query, "ending_before", kind)
        return rows[max(before - wanted, 0) : before], before > wanted
    start = _row_cursor(ids, query, "starting_after", kind) + 1 if "starting_after" in query else 0
    return rows[start : start + wanted], len(rows) > start + wanted


def _row_cursor(ids: list[str], query: Query, name: str, kind: str) -> int:
    id = text(name, query[name])
    if id not in ids:
        raise missing(kind, id, status=400, param=name)
    return ids.index(id)
