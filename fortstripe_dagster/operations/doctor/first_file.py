"""The first fortstripe.toml: the choices that have no default, each with what it means, and nothing else.

Made from `Settings` itself, so that it always asks for what a load demands. A choice that nobody made stands as a
comment: the load then names it, and no choice on which accountants differ is guessed.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings import Settings

HEAD = """\
# The choices of one company for fortstripe. These have no default: ask your accountant where you are not sure.
# Every other setting, with its default: fortstripe.example.toml. Keys and secrets stand in the environment, never here.
"""
CURRENCY = "accounts.clearing.SEK"
"""The one table among the choices: an account for each settlement currency. Kronor are where everybody begins."""
BARE = re.compile(r"\d+|\d{4}-\d{2}-\d{2}")
"""Numbers and days stand in TOML without quotes."""


@dataclass(frozen=True)
class Choice:
    """A setting that must be decided; `options` empty: anything of its kind, such as a day or an account."""

    name: str
    meaning: str
    options: tuple[str, ...]


def required() -> tuple[Choice, ...]:
    """Every setting without a default, in the order of the file: those of the company itself, then those of groups."""
    found = tuple(_required(Settings, ""))
    return tuple(sorted(found, key=lambda choice: "." in choice.name))


def text(answers: Mapping[str, str]) -> str:
    """The file with these answers by name. Raises ConfigurationError for a name that is no required choice."""
    known = {choice.name for choice in required()}
    if unknown := sorted(set(answers) - known):
        raise ConfigurationError(
            f"{', '.join(unknown)} cannot be answered here.", f"the first file holds {', '.join(sorted(known))}."
        )
    lines, table = [HEAD], ""
    for choice in required():
        group, _, name = choice.name.rpartition(".")
        if group != table:
            # An empty table would say that there is none of it: without an answer the table is not there.
            begun = any(each.startswith(f"{group}.") for each in answers)
            lines.append(f"[{group}]" if begun else f"# [{group}]")
            table = group
        options = f" ({' | '.join(choice.options)})" if choice.options else ""
        lines.append(textwrap.fill(choice.meaning + options, 110, initial_indent="# ", subsequent_indent="# "))
        answer = answers.get(choice.name)
        lines.append(f"{name} = {_value(answer)}\n" if answer is not None else f"# {name} =\n")
    return "\n".join(lines)


def write(path: Path, answers: Mapping[str, str]) -> None:
    """Write the file where none is. Raises ConfigurationError if there is one."""
    content = text(answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already.", "edit it, or move it away first.") from None


def _required(model: type[BaseModel], above: str) -> Iterator[Choice]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if not field.is_required():
            continue
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _required(inner, f"{above}{name}.")
        elif get_origin(inner) is dict:
            yield Choice(CURRENCY, _meaning(field), ())
        else:
            yield Choice(f"{above}{name}", _meaning(field), tuple(str(option) for option in _options(inner)))


def _options(annotation: Any) -> Iterator[object]:
    """The literals of an annotation, also where it is a union."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for part in get_args(annotation):
        if get_origin(part) is not dict:
            yield from _options(part)


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("\n", " ")


def _value(answer: str) -> str:
    return answer if BARE.fullmatch(answer) else json.dumps(answer, ensure_ascii=False)
