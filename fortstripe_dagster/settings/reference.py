"""The configuration reference, made from the settings themselves: `python -m fortstripe_dagster.settings.reference`.

What belongs here is how a setting is shown. What it means stands where it is declared.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from fortstripe_dagster.settings import Settings

HEAD = """\
# Configuration

Every choice stands in `fortstripe.toml` (`FORTSTRIPE_CONFIG` names another file), and can be set in the environment as
`FORTSTRIPE_<NAME>`, nested with two underscores: `FORTSTRIPE_SALES=invoice`, `FORTSTRIPE_FORTNOX__IN_FLIGHT=2`.
`fortstripe.example.toml` shows them all, filled in. **Required** settings have no default because accountants differ on
them; what says *unset* is asked for, by name, when the first document needs it.

This page is made by `python -m fortstripe_dagster.settings.reference` and held against the code by a test.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([HEAD, *_table("", Settings), ""])


def _table(path: str, model: type[BaseModel], *, repeated: bool = False) -> Iterator[str]:
    """A group's own settings as a table, then each of its groups; a `repeated` one may stand there several times."""
    groups: list[tuple[str, type[BaseModel], bool]] = []
    rows: list[str] = []
    for name, field in model.model_fields.items():
        full = f"{path}{name}"
        inner = _group(field.annotation)
        if inner is not None:
            groups.append((full, inner, get_origin(field.annotation) is tuple))
        if inner is None or get_origin(field.annotation) is not None:
            rows.append(
                f"| `{_shown(name, field)}` | {_values(field.annotation)} | {_default(field)} | {_said(field)} |"
            )
    if path:
        name = f"[{path.removesuffix('.')}]"
        yield f"\n## `{f'[{name}]' if repeated else name}`\n"
        yield " ".join((model.__doc__ or "").split()) + "\n"
    yield "| setting | values | default | meaning |"
    yield "|---|---|---|---|"
    yield from rows
    for full, inner, many in groups:
        yield from _table(f"{full}.", inner, repeated=many)


def _shown(name: str, field: FieldInfo) -> str:
    """The setting's name, or the environment variable that is its only place."""
    return field.validation_alias if isinstance(field.validation_alias, str) else name


def _group(annotation: Any) -> type[BaseModel] | None:
    """The table of settings inside a type, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _group(part)) is not None), None)


def _values(annotation: Any) -> str:
    """What may be written there, in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_values(part) for part in parts if part is not type(None))
    if origin is dict:
        return f"table: {_values(parts[1])}"
    if origin in (tuple, list, frozenset):
        return f"list of {_values(parts[0])}"
    if isinstance(annotation, type):
        if issubclass(annotation, SecretStr):
            return "secret"
        if issubclass(annotation, BaseModel):
            return "table below"
        if issubclass(annotation, Enum):
            return ", ".join(f"`{member.value}`" for member in annotation)
    names = {"str": "text", "int": "whole number", "Decimal": "number", "date": "date", "bool": "`true`, `false`",
             "float": "number", "Path": "path"}  # fmt: skip
    return names[annotation.__name__]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if default is None or isinstance(default, SecretStr):
        return "unset"
    if isinstance(default, dict):
        return ", ".join(f"{key} = `{value}`" for key, value in default.items()) or "none"
    if isinstance(default, tuple | frozenset):
        return ", ".join(f"`{value}`" for value in default) or "none"
    return f"`{default}`" if str(default) else "unset"


def _said(field: FieldInfo) -> str:
    return re.sub(r"\s+", " ", field.description or "").replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
