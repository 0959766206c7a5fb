"""What Stripe tells of people and the books do not need: left out of every object before it is stored.

The list is data (personal_fields.csv); a company may add to it, or keep all. No table is made of what stands on it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import duckdb

from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings.limits import StripeLimits


@dataclass(frozen=True)
class Field:
    """A field of a stream's objects, as a path; of what is in it only `keep` stays."""

    path: str
    keep: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """What stays, as paths from the object."""
        return tuple(f"{self.path}.{inner}" for inner in self.keep)


LeftOut = Mapping[str, Sequence[Field]]
"""The fields to leave out, by stream."""


def _listed() -> LeftOut:
    found: dict[str, list[Field]] = {}
    text = files(__package__).joinpath("personal_fields.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["stream"], []).append(Field(row["field"], tuple(row["keep"].split())))
    return found


LISTED = _listed()


def left_out(chosen: StripeLimits) -> LeftOut:
    """The list as the company wants it. Raises ConfigurationError for a field that the books need."""
    found = {stream: list(fields) for stream, fields in LISTED.items()} if chosen.personal_fields == "drop" else {}
    for named in chosen.leave_out:
        stream, _, path = named.partition(".")
        field = path.partition(".")[0]
        if stream not in STREAMS:
            raise ConfigurationError(f"stripe.leave_out names {stream}, which is not read.", "correct the name.")
        if field in (*STREAMS[stream].needs, "id", "object", "created", "deleted"):
            raise ConfigurationError(
                f"stripe.leave_out names {named}, but the books need {field}.", "take it off the list."
            )
        found[stream] = _without(path, found.get(stream, []))
    return found


def _without(path: str, fields: Sequence[Field]) -> list[Field]:
    """These fields and one more, which may be, or be a part of, what stays of one of them."""
    inside = [field for field in fields if f"{path}.".startswith(f"{field.path}.")]
    others = [field for field in fields if field not in inside and not field.path.startswith(f"{path}.")]
    narrower = [
        Field(field.path, tuple(k for k in field.keep if not _overlap(f"{field.path}.{k}", path))) for field in inside
    ]
    return [*others, *(narrower or [Field(path)])]


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def kept(fields: Sequence[Field]) -> list[str]:
    """The paths that stay of these fields, in the order in which `lean` takes their values."""
    return [path for field in fields for path in field.kept]


def lean(item: str, fields: Sequence[Field], values: Sequence[str]) -> str:
    """SQL for the object `item` without these fields; `values` is SQL for each path of `kept`."""
    if not fields:
        return item
    nothing: dict[str, Any] = {}
    for field in fields:
        _put(nothing, field.path, None)
    stays: dict[str, Any] = {}
    for path, value in zip(kept(fields), values, strict=True):
        _put(stays, path, value)
    patches = [f"'{json.dumps(nothing)}'", *([_object(stays)] if stays else [])]
    return f"json_merge_patch({', '.join([item, *patches])})"


def clean(connection: duckdb.DuckDBPyConnection, chosen: LeftOut) -> None:
    """Leave the fields out of what is stored, too, if the list has changed since; in the caller's transaction."""
    digest = hashlib.sha256(repr(sorted((name, list(fields)) for name, fields in chosen.items())).encode()).hexdigest()
    name = "personal_fields"
    if connection.execute("SELECT digest FROM stripe.shapes WHERE name = ?", [name]).fetchone() == (digest,):
        return
    stored = connection.execute("SELECT DISTINCT stream FROM stripe.raw_objects").fetchall()
    for stream in chosen.keys() & {name for (name,) in stored}:
        fields = chosen[stream]
        values = [f"raw -> '$.{path}'" for path in kept(fields)]
        for table in ("raw_objects", "raw_versions"):
            connection.execute(
                f"UPDATE stripe.{table} SET raw = {lean('raw', fields, values)} WHERE stream = ?", [stream]
            )
    connection.execute("INSERT OR REPLACE INTO stripe.shapes VALUES (?, ?)", [name, digest])


def _put(tree: dict[str, Any], path: str, value: object) -> None:
    *above, last = path.split(".")
    for part in above:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _object(tree: Mapping[str, Any]) -> str:
    parts = [f"'{name}', {_object(inner) if isinstance(inner, dict) else inner}" for name, inner in tree.items()]
    return f"json_object({', '.join(parts)})"
