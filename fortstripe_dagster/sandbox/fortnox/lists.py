"""Lists: which query parameters each list takes, and how Fortnox filters, sorts and cuts them into pages.

Every text filter matches substrings, whatever the case: `externalinvoicereference1=ch_1` finds `ch_12` too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import STOCKHOLM
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.schema import Fields, parse_date

T = TypeVar("T")
Key = Callable[[T], Any]

_PAGING = frozenset({"limit", "page", "offset", "sortby", "sortorder"})
_DEFAULT_LIMIT, _MOST = 100, 500


@dataclass(frozen=True)
class Listing(Generic[T]):
    """One list of the API.

    `search` are the text filters, `choices` the values of `filter`, `sort` those of `sortby`; `day` serves fromdate and
    todate, `final_pay_day` their namesakes; `modified` serves lastmodified; `also` are parameters that the caller uses
    up itself.
    """

    modified: Key[T] | None = None
    created: Key[T] | None = None
    search: Mapping[str, Key[T]] = field(default_factory=dict)
    choices: Mapping[str, Key[T]] = field(default_factory=dict)
    sort: Mapping[str, Key[T]] = field(default_factory=dict)
    day: Key[T] | None = None
    final_pay_day: Key[T] | None = None
    also: frozenset[str] = frozenset()

    def parameters(self) -> frozenset[str]:
        """Every query parameter the list knows; another one is refused."""
        names = _PAGING | self.also | set(self.search)
        names |= {"filter"} if self.choices else set()
        names |= {"lastmodified"} if self.modified else set()
        names |= {"fromdate", "todate"} if self.day else set()
        return names | ({"fromfinalpaydate", "tofinalpaydate"} if self.final_pay_day else set())

    def page(self, items: Sequence[T], query: Mapping[str, str], visible_until: datetime) -> tuple[list[T], Fields]:
        """The page asked for, and MetaInformation. Items created after `visible_until` are not seen yet."""
        check_parameters(query, self.parameters())
        tests = list(self._tests(query))
        found = [item for item in items if self._visible(item, visible_until) and all(test(item) for test in tests)]
        sort_by = query.get("sortby")
        if sort_by is not None:
            if sort_by not in self.sort:
                raise Refusal(refusals.INVALID_PARAMETER, f"sortby: {sort_by}")
            found.sort(key=self.sort[sort_by])
        if query.get("sortorder", "ascending") not in ("ascending", "descending"):
            raise Refusal(refusals.INVALID_PARAMETER, "sortorder")
        if query.get("sortorder") == "descending":
            found.reverse()
        limit = _whole(query, "limit", _DEFAULT_LIMIT, 1, _MOST)
        offset = _whole(query, "offset", (_whole(query, "page", 1, 1) - 1) * limit, 0)
        meta = {
            "@TotalResources": len(found),
            "@TotalPages": -(-len(found) // limit),
            "@CurrentPage": offset // limit + 1,
        }
        return found[offset : offset + limit], meta

    def _visible(self, item: T, until: datetime) -> bool:
        return self.created is None or bool(self.created(item) <= until)

    def _tests(self, query: Mapping[str, str]) -> Iterator[Callable[[T], bool]]:
        """What an item must pass; bad values are refused even where there is nothing to test."""
        for name, key in self.search.items():
            if query.get(name):
                yield _holds(key, query[name].casefold())
        if "filter" in query:
            if query["filter"] not in self.choices:
                raise Refusal(refusals.INVALID_FILTER)
            yield self.choices[query["filter"]]
        if self.modified and "lastmodified" in query:
            yield _from(self.modified, parse_moment(query["lastmodified"]))
        yield from _within(self.day, query, "fromdate", "todate")
        yield from _within(self.final_pay_day, query, "fromfinalpaydate", "tofinalpaydate")


def _within(key: Key[T] | None, query: Mapping[str, str], first: str, last: str) -> Iterator[Callable[[T], bool]]:
    if key is not None and first in query:
        yield _from(key, parse_date(query[first]))
    if key is not None and last in query:
        yield _until(key, parse_date(query[last]))


def _holds(key: Key[T], part: str) -> Callable[[T], bool]:
    return lambda item: part in str("" if key(item) is None else key(item)).casefold()


def _from(key: Key[T], least: Any) -> Callable[[T], bool]:
    return lambda item: key(item) is not None and key(item) >= least


def _until(key: Key[T], most: Any) -> Callable[[T], bool]:
    return lambda item: key(item) is not None and key(item) <= most


def check_parameters(query: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuses a query parameter the endpoint does not know; names are in lower case."""
    for name in query:
        if name not in known:
            raise Refusal(refusals.INVALID_PARAMETER, name)


def parse_moment(text: str) -> datetime:
    """A `lastmodified` value, Swedish local time: a date, with a time to the minute or second if wanted."""
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=STOCKHOLM)
        except ValueError:
            continue
    raise Refusal(refusals.INVALID_PARAMETER, f"lastmodified: {text}")


def _whole(query: Mapping[str, str], name: str, default: int, least: int, most: int | None = None) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < least or (most is not None and int(text) > most):
        raise Refusal(refusals.INVALID_PARAMETER, f"{name}: {text}")
    return int(text)


def seen_until(now: datetime, lag_seconds: float) -> datetime:
    """The moment up to which a list that lags behind the writes has caught up."""
    return now - timedelta(seconds=lag_seconds)
