"""What the stages say in sentences, in Swedish: `sentences.csv`, one line a sentence.

Findings, reasons and remedies are English where they arise and are kept so, for years, in the ledger, the journal and
the proof. Each is found again by its English pattern; what stands in the braces is carried over, with the sentences,
words and amounts in it said in Swedish too. What somebody else wrote (`OTHERS`) stays as it is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from fortstripe_dagster.fortnox import error_codes
from fortstripe_dagster.proof.words import WORDS

OTHERS = frozenset({"text", "customer", "description", "because", "message"})
"""Braces that hold what a customer, a bookkeeper, Stripe or Fortnox wrote."""
OF_WORDS = frozenset({"kind", "status", "state", "step"})
"""Braces that hold one of our words."""
SHAPES = {
    "day": r"\d{4}-\d\d-\d\d",
    "arrival": r"\d{4}-\d\d-\d\d",
    "account": r"\w+",
    "kind": r"\w+",
    "payout": r"\w+",
    "series": r"\w+",
    "voucher": r"\d+",
    "count": r"\d+",
    "number": r"[^;,]+",
    "document": r"\w+:\S+",
    "state": "held|waiting|awaiting approval|in doubt|undone|planned|shadow|redo",
}
"""What can stand in braces of these names; in others anything."""
REFUSAL = "Fortnox refused it [{code}]: {message} "
"""How a refusal begins; the cause follows where the code is known."""

_BRACES = re.compile(r"\{(\w+)\}")
_AMOUNT = re.compile(r"(?<![\w.])(-?\d+)\.(\d\d)(?![\w.])")


@dataclass(frozen=True)
class Sentence:
    """A pattern in English and Swedish with the same `{braces}`; the more letters of its own, the surer it is meant."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    swedish: str
    letters: int
    pattern: re.Pattern[str]

    def values(self, text: str) -> tuple[str, ...] | None:
        """What stands in the braces, None if the text is no such sentence."""
        if not all(piece in text for piece in self.pieces):
            return None
        found = self.pattern.fullmatch(text)
        return found.groups() if found else None


def pairs() -> Iterator[tuple[str, str]]:
    """Every sentence in English and Swedish: those of the table, and why Fortnox refuses by its error codes."""
    rows = csv.DictReader(files(__package__).joinpath("sentences.csv").read_text("utf-8").splitlines())
    table = {row["en"]: row["sv"] for row in rows}
    yield from table.items()
    begun = table[REFUSAL.strip()]
    for known in error_codes.known().values():
        yield known.remedy_en, known.remedy_sv
        yield REFUSAL + known.cause_en, f"{begun} {known.cause_sv}"


@lru_cache(maxsize=10_000)
def in_swedish(text: str) -> str:
    """The text in Swedish; what is no sentence of ours comes back as it is."""
    said = _said(text)
    if said is None and "; " in text:
        parts = [_said(part) for part in text.split("; ")]
        if all(part is not None for part in parts):
            return "; ".join(part for part in parts if part is not None)
    return text if said is None else said


def _said(text: str) -> str | None:
    """The sentence of which the most letters stand in the text, in Swedish."""
    for sentence in _sentences():
        values = sentence.values(text)
        if values is not None:
            return _filled_in(sentence.swedish, dict(zip(sentence.names, values, strict=True)))
    return None


def _filled_in(swedish: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda brace: _filled(brace[1], values[brace[1]]), swedish)


def _filled(name: str, value: str) -> str:
    if name in OTHERS:
        return value
    if name in OF_WORDS and value in WORDS["sv"]:
        return WORDS["sv"][value].lower()
    return _AMOUNT.sub(r"\1,\2", in_swedish(value))


@cache
def _sentences() -> tuple[Sentence, ...]:
    """All of them, those with the most letters first."""
    return tuple(sorted((_sentence(english, swedish) for english, swedish in pairs()), key=lambda each: -each.letters))


def _sentence(english: str, swedish: str) -> Sentence:
    pieces = _BRACES.split(english)
    texts, names = pieces[0::2], tuple(pieces[1::2])
    pattern = re.escape(texts[0]) + "".join(
        f"({SHAPES.get(name, '.+?')}){re.escape(text)}" for name, text in zip(names, texts[1:], strict=True)
    )
    return Sentence(tuple(filter(None, texts)), names, swedish, sum(map(len, texts)), re.compile(pattern, re.DOTALL))
