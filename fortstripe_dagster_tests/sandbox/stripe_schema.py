"""A validator for Stripe objects against the schema of the pinned version, which stands beside the repository."""

from __future__ import annotations

import ast
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import simplejson

SPECS = Path(__file__).parents[2] / "../shared/specs"
SCHEMA_FILE = SPECS / "stripe-schema-2026-10-28.endive.json"

needs_schema = pytest.mark.skipif(
    not SCHEMA_FILE.exists(), reason=f"Stripe's schema is not beside the repository ({SCHEMA_FILE.name})"
)

SIMPLE: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "float": (int, Decimal),
    "Decimal": (str,),  # decimal_string: a string in JSON, a Decimal only in the SDK
}


def schema() -> dict[str, Any]:
    """The schema: `objects` and `list_params`."""
    return simplejson.loads(SCHEMA_FILE.read_text())


@cache
def parsed(kind: str) -> ast.expr:
    """A type annotation of the schema as a tree."""
    return ast.parse(kind, mode="eval").body


class Validator:
    """Collects what is wrong with an object: missing, unknown and mistyped fields, values outside an enum."""

    def __init__(self, objects: dict[str, Any], *, open_enums: bool = True) -> None:
        self._objects = objects
        self._open_enums = open_enums
        self.faults: list[str] = []

    def check(self, thing: dict[str, Any], path: str = "") -> list[str]:
        """Check a whole object by its `object` field; returns every fault so far."""
        kind = thing.get("object", "?")
        path = path or f"{kind} {thing.get('id', '')}"
        if kind == "list":
            self._list(thing, path)
        elif kind not in self._objects:
            self.faults.append(f"{path}: no such object")
        elif not thing.get("deleted"):
            definition = self._objects[kind]
            self._fields(thing, definition["fields"], [definition.get("inner", {})], path)
        if kind == "event":
            self.check(thing["data"]["object"], f"{path}.data.object")
        return self.faults

    def _fields(self, thing: dict[str, Any], fields: dict[str, Any], scopes: list[dict[str, Any]], path: str) -> None:
        for name in thing.keys() - fields.keys():
            self.faults.append(f"{path}.{name}: unknown field")
        for name, field in fields.items():
            where = f"{path}.{name}"
            if name not in thing:
                if not field.get("nullable"):
                    self.faults.append(f"{where}: missing")
                continue
            value = thing[name]
            if value is None:
                if not field.get("nullable"):
                    self.faults.append(f"{where}: null")
                continue
            if not self._fits(value, parsed(field["type"]), scopes, where):
                self.faults.append(f"{where}: {value!r} is not {field['type'][:80]}")
            elif self._open_enums and field.get("enum") and isinstance(value, str) and value not in field["enum"]:
                self.faults.append(f"{where}: {value!r} is not in the enum")

    def _fits(self, value: Any, kind: ast.expr, scopes: list[dict[str, Any]], path: str) -> bool:
        if isinstance(kind, ast.Name):
            if kind.id in SIMPLE:
                return isinstance(value, SIMPLE[kind.id]) and (kind.id != "int" or not isinstance(value, bool))
            return self._named(kind.id, value, scopes, path)
        if isinstance(kind, ast.Constant):
            return self._named(str(kind.value), value, scopes, path)
        assert isinstance(kind, ast.Subscript) and isinstance(kind.value, ast.Name), ast.dump(kind)
        outer, argument = kind.value.id, kind.slice
        options = argument.elts if isinstance(argument, ast.Tuple) else [argument]
        match outer:
            case "Optional":
                return value is None or self._fits(value, argument, scopes, path)
            case "Union":
                return any(self._fits(value, option, scopes, path) for option in options)
            case "Literal":
                return value in [option.value for option in options if isinstance(option, ast.Constant)]
            case "List":
                return isinstance(value, list) and all(
                    self._fits(part, argument, scopes, f"{path}[{index}]") for index, part in enumerate(value)
                )
            case "ListObject":
                return isinstance(value, dict) and self._list(value, path)
            case "ExpandableField":
                return isinstance(value, str) or self._fits(value, argument, scopes, path)
            case "UntypedStripeObject":
                return isinstance(value, dict)
        raise AssertionError(f"{path}: the validator does not know {outer}")

    def _named(self, name: str, value: Any, scopes: list[dict[str, Any]], path: str) -> bool:
        if not isinstance(value, dict):
            return False
        for scope in reversed(scopes):
            if name in scope:
                self._fields(value, scope[name]["fields"], [*scopes, scope[name].get("inner", {})], path)
                return True
        self.check(value, path)
        return True

    def _list(self, value: dict[str, Any], path: str) -> bool:
        if value.keys() != {"object", "data", "has_more", "url"} or value["object"] != "list":
            self.faults.append(f"{path}: not a list envelope ({sorted(value)})")
            return True
        for index, part in enumerate(value["data"]):
            self.check(part, f"{path}.data[{index}]")
        return True
