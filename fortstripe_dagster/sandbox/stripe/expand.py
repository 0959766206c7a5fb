"""Objects as they are shown now, and `expand`: ids become objects, and lists appear that are hidden by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal
from fortstripe_dagster.sandbox.stripe.expandable import EXPANDABLE, Embedded, Field, Included, Reference
from fortstripe_dagster.sandbox.stripe.resources import PERMISSION
from fortstripe_dagster.sandbox.stripe.shapes import INLINE, StripeObject, listing

MOST_LEVELS = 4


def shown(account: Account, thing: StripeObject) -> StripeObject:
    """A copy of an object as of now; balance transactions become available by the passage of time alone."""
    if thing["object"] == "balance_transaction":
        return thing | {"status": "available" if account.is_available(thing) else "pending"}
    if thing["object"] == "dispute":
        return thing | {"balance_transactions": [shown(account, moved) for moved in thing["balance_transactions"]]}
    return dict(thing)


def check_expand(kind: str, paths: list[str], *, in_list: bool) -> set[str]:
    """Refuse paths that Stripe refuses; returns the permissions that the good ones need."""
    needed: set[str] = set()
    for path in paths:
        steps = path.split(".")
        if len(steps) > MOST_LEVELS:
            message = f"You cannot expand more than {MOST_LEVELS} levels of a property. Property: {path}"
            raise StripeRefusal(400, message, param="expand")
        if in_list and steps.pop(0) != "data":
            hint = f" You may want to try expanding 'data.{path}' instead."
            raise StripeRefusal(400, f"This property cannot be expanded ({path}).{hint}", param="expand")
        if not steps or not _permitted(kind, steps, needed):
            raise StripeRefusal(400, f"This property cannot be expanded ({path}).", param="expand")
    return needed


def _permitted(kind: str, steps: list[str], needed: set[str]) -> bool:
    """Whether `steps` lead somewhere from `kind`; gathers the permissions on the way."""
    field, target = _match(kind, steps)
    if target is None:
        return False
    rest = steps[len(field) :]
    if isinstance(target, Embedded):
        return bool(rest) and _permitted(target.kind, rest, needed)
    kinds = target.kinds if isinstance(target, Reference) else (target.kind,)
    if isinstance(target, Reference) and target.permission:
        needed.add(target.permission)
    else:
        needed.update(PERMISSION[kind] for kind in kinds if kind in PERMISSION)
    if isinstance(target, Included) and rest:
        if rest.pop(0) != "data":
            return False
        if not rest:
            return True
    return not rest or any([_permitted(kind, rest, needed) for kind in kinds])


def _match(kind: str, steps: list[str]) -> tuple[list[str], Field | None]:
    for dotted, target in EXPANDABLE.get(kind, {}).items():
        field = dotted.split(".")
        if steps[: len(field)] == field:
            return field, target
    return [], None


def expand(account: Account, thing: StripeObject, paths: list[str]) -> StripeObject:
    """`thing` as shown, with checked `paths` (without the list's `data.`) expanded."""
    result = shown(account, thing)
    for path in paths:
        _expand(account, result, path.split("."))
    return result


def _expand(account: Account, thing: StripeObject, steps: list[str]) -> None:
    """Expand one path in `thing`, which is a copy of its own."""
    field, target = _match(thing["object"], steps)
    rest = steps[len(field) :]
    if target is None:  # one of several possible types of `source`, and the path leads from another
        return
    if isinstance(target, Included):
        if field[0] not in thing:
            rows = target.rows(account, thing)
            url = target.url.format(id=thing["id"])
            inline = [shown(account, row) for row in rows[:INLINE]]
            thing[field[0]] = listing(url, inline, has_more=len(rows) > INLINE)
        for row in thing[field[0]]["data"] if rest[1:] else []:
            _expand(account, row, rest[1:])
        return
    _replace(thing, field, lambda value: _opened(account, value, target, rest))


def _replace(holder: StripeObject, field: list[str], change: Callable[[Any], Any]) -> None:
    """Change the value at `field`, copying whatever lies on the way; lists are changed element by element."""
    name, *deeper = field
    if name not in holder:  # a union that holds another of its kinds
        return
    if not deeper:
        holder[name] = change(holder[name])
    elif isinstance(holder[name], list):
        holder[name] = [dict(part) for part in holder[name]]
        for part in holder[name]:
            _replace(part, deeper, change)
    elif holder[name] is not None:
        holder[name] = dict(holder[name])
        _replace(holder[name], deeper, change)


def _opened(account: Account, value: Any, target: Reference | Embedded, rest: list[str]) -> Any:
    if isinstance(value, list):
        return [_opened(account, part, target, rest) for part in value]
    if value is None:
        return None
    if isinstance(value, str):
        assert isinstance(target, Reference)
        found = [thing for kind in target.kinds if (thing := account.find(kind, value))]
        if not found:
            return value
        value = found[0]
        value = shown(account, value)
    else:
        value = dict(value)
    if rest:
        _expand(account, value, rest)
    return value
