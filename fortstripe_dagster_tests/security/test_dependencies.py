"""What the package stands on: every third party that is imported is declared with its reason, and pinned exactly."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fortstripe_dagster"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PARTS = {"urllib3": "requests", "markupsafe": "jinja2", "pydantic_core": "pydantic"}
"""What is imported as a part of a declared dependency, which pins it."""
NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    return {normal(NAME.match(each)[0]) for each in PROJECT["dependencies"]}  # type: ignore[index]


def pinned() -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    return {normal(line.split("==")[0]): line for line in lines if line}


def imported() -> Iterator[tuple[str, str]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                yield name.split(".")[0], str(path.relative_to(PACKAGE))


def test_what_is_imported_is_declared() -> None:
    distributions = packages_distributions()
    ours = declared()
    undeclared = {
        (name, where)
        for name, where in imported()
        if name not in sys.stdlib_module_names
        and name != "fortstripe_dagster"
        and ours.isdisjoint(normal(each) for each in distributions.get(name, [name]))
    }
    assert {name for name, _ in undeclared} <= set(PARTS), undeclared


def test_every_dependency_is_pinned_to_one_version_from_the_index() -> None:
    pins = pinned()
    assert declared() <= set(pins)
    for line in pins.values():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line), line


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text().split("dependencies = [", 1)[1].split("]", 1)[0]
    for line in text.strip().splitlines():
        assert re.search(r'",\s+# \S', line), line
