"""Words for people who read the proof, in both languages: `words.csv`, one line a word."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Literal

Language = Literal["en", "sv"]


def _read() -> dict[Language, dict[str, str]]:
    rows = list(csv.DictReader(files(__package__).joinpath("words.csv").read_text("utf-8").splitlines()))
    return {"en": {row["word"]: row["en"] for row in rows}, "sv": {row["word"]: row["sv"] for row in rows}}


WORDS = _read()
