"""Fortnox's error codes, each with its cause and its remedy in English and Swedish.

The table is `error_codes.json`: one row for each known code, and rows without a code for refusals of which only the
wording is known (`phrase`, compared without regard to case). The words are ours; Fortnox's own text is on the error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Remedy:
    """Why Fortnox refuses, and what a person does about it. `code` is None where only the wording is known."""

    code: int | None
    cause_en: str
    remedy_en: str
    cause_sv: str
    remedy_sv: str
    phrase: str = ""


def remedy(code: int | None, message: str = "") -> Remedy | None:
    """The remedy for a code, else for the wording of the message, else None.

    The wording is asked only where the code is unknown: Fortnox's texts change, its codes do not.
    """
    table = known()
    if code in table:
        return table[code]
    wording = message.casefold()
    return next((row for row in _phrases() if row.phrase in wording), None)


@cache
def known() -> dict[int | None, Remedy]:
    """Every known code with its remedy."""
    return {row.code: row for row in _rows() if row.code is not None}


@cache
def _phrases() -> tuple[Remedy, ...]:
    return tuple(row for row in _rows() if row.phrase)


@cache
def _rows() -> tuple[Remedy, ...]:
    rows = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return tuple(Remedy(**{**row, "phrase": row.get("phrase", "").casefold()}) for row in rows)
