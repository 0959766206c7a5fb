"""HTML pages for people: how a template is rendered, and a file written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class _Compiled(jinja2.BytecodeCache):
    """What templates were compiled to, for the life of the process: that takes far longer than to fill them."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


def templates(package: str, **filters: Callable[..., str]) -> jinja2.Environment:
    """The templates of a package. Every text in them is escaped (names and descriptions come from customers), and a
    name that was not given raises jinja2.UndefinedError."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled,
    )
    environment.filters.update(filters)
    return environment


def write_whole(path: Path, text: str) -> Path:
    """Write the file and the folders above it; a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
    return path
