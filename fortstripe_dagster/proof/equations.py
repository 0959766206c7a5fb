"""The equations of the proof by name: what stands on each side, in English and Swedish: `equations.csv`.

How each is computed stands in sql/equation_….sql, what a difference is called in sql/found_….sql.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

from fortstripe_dagster.proof.words import Language

COUNTED = frozenset({"8", "9"})
"""Equations whose sides count things instead of adding up money."""


@dataclass(frozen=True)
class Title:
    """An equation for people: its heading in both languages, and what its two sides are."""

    english: str
    swedish: str
    left: str
    right: str
    left_sv: str
    right_sv: str
    counts: bool

    def heading(self, language: Language) -> str:
        """What it is called."""
        return self.swedish if language == "sv" else self.english

    def sides(self, language: Language) -> str:
        """What must be equal."""
        return f"{self.left_sv} = {self.right_sv}" if language == "sv" else f"{self.left} = {self.right}"

    def __str__(self) -> str:
        return f"{self.english}: {self.sides('en')}."


def _read() -> dict[str, Title]:
    rows = csv.DictReader(files(__package__).joinpath("equations.csv").read_text("utf-8").splitlines())
    titles = {row.pop("equation"): row for row in rows}
    return {name: Title(**title, counts=name in COUNTED) for name, title in titles.items()}


EQUATIONS: dict[str, Title] = _read()
