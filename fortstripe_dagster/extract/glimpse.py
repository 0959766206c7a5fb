"""What must be known of an answer before it is kept: ids, kinds, moments, and whether something goes on elsewhere.

The bytes are walked once and checked to be JSON to their end; Python sees the fields named here, never a record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from fortstripe_dagster.extract.streams import Sublist
from fortstripe_dagster.failures import StripeFailure

AGAIN = "run the same command again; nothing of this window was committed. If it repeats, report it with this line."

Entry = Mapping[str, Any]
"""An object's `id`, `object`, `created` and `deleted`, and of each sublist `has_more`; None for what it lacks."""


def of_list(body: bytes, sublists: tuple[Sublist, ...], what: str) -> tuple[list[Entry], bool]:
    """The entries of a list, and whether more follows. Raises StripeFailure, naming `what` was read."""
    found = _walked(_list(_insides(sublists)), body, what, f"Stripe's answer for {what} is not a list.")
    if found["object"] != "list" or found["data"] is None or found["has_more"] is None:
        raise StripeFailure(f"Stripe's answer for {what} is not a list.", AGAIN)
    return found["data"], found["has_more"]


def of_object(body: bytes, sublists: tuple[Sublist, ...], what: str) -> Entry:
    """A single object. Raises StripeFailure, naming `what` was read."""
    return _walked(_object(_insides(sublists)), body, what, f"{what} is not an object of Stripe's.")


def overflowing(entries: Sequence[Entry], sublists: tuple[Sublist, ...]) -> dict[str, list[str]]:
    """Field of a sublist -> ids of the objects of which Stripe did not send all of it, or does not say so."""
    return {
        inside: [
            entry["id"]
            for entry in entries
            if not entry["deleted"] and (entry[inside] or {}).get("has_more") is not False
        ]
        for inside in _insides(sublists)
    }


def _insides(sublists: tuple[Sublist, ...]) -> tuple[str, ...]:
    return tuple(sublist.inside for sublist in sublists if sublist.inside)


def _walked(validator: SchemaValidator, body: bytes, what: str, unfit: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = validator.validate_json(body, strict=True)
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False, include_input=False, include_context=False)
        if first["type"] == "json_invalid":
            raise StripeFailure(f"{what} is cut off or not JSON ({len(body)} bytes).", AGAIN) from error
        where = "".join(f"{part}: " for part in first["loc"][-1:])
        raise StripeFailure(f"{unfit} {where}{first['msg']}.", AGAIN) from error
    return found


@cache
def _list(insides: tuple[str, ...]) -> SchemaValidator:
    entries = core_schema.list_schema(_entry(insides))
    return SchemaValidator(
        _record({"object": core_schema.str_schema(), "has_more": core_schema.bool_schema(), "data": entries})
    )


@cache
def _object(insides: tuple[str, ...]) -> SchemaValidator:
    return SchemaValidator(_entry(insides))


def _entry(insides: tuple[str, ...]) -> core_schema.CoreSchema:
    text = core_schema.str_schema()
    known = {"id": text, "object": text, "created": core_schema.int_schema(), "deleted": core_schema.bool_schema()}
    return _record({**known, **{inside: _record({"has_more": core_schema.bool_schema()}) for inside in insides}})


def _record(fields: Mapping[str, core_schema.CoreSchema]) -> core_schema.CoreSchema:
    """These fields, None where they are null or absent; all others are passed over."""
    return core_schema.typed_dict_schema({
        name: core_schema.typed_dict_field(
            core_schema.with_default_schema(core_schema.nullable_schema(schema), default=None)
        )
        for name, schema in fields.items()
    })  # fmt: skip
