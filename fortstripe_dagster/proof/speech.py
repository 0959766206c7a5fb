"""How the proof says things in one language: words from `words.csv`, sentences from `sentences.csv`, amounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.money import exponent
from fortstripe_dagster.proof.sentences import in_swedish
from fortstripe_dagster.proof.words import WORDS, Language

SPOKEN = frozenset(
    "kind status class part severity evidence balance_type outcome supply document remark reason treatment".split()
)
"""Columns whose values may be words of ours."""
SAID = frozenset("id document text remedy reason held remark".split())
"""Columns whose values may be sentences of ours; all others hold names and what somebody else wrote."""

DECIMALS = {"rate": 4, "vat_rate": None}
"""Columns of rates, and how many decimals they are said with."""


@dataclass(frozen=True)
class Speech:
    """One language."""

    language: Language

    def word(self, name: str) -> str:
        """A word that must be there."""
        return WORDS[self.language][name]

    def term(self, value: str) -> str:
        """A value of ours as a word; what is none stays as it is."""
        return WORDS[self.language].get(value, value)

    def sentence(self, text: str) -> str:
        """What a stage says, which it says in English; what is no sentence of ours stays as it is."""
        return in_swedish(text) if self.language == "sv" else text

    def either(self, english: str, swedish: str) -> str:
        """What a page says, which stands in both languages where the page is made."""
        return swedish if self.language == "sv" else english

    def column(self, name: str) -> str:
        """A word as the heading of a column."""
        word = self.word(name)
        return word[:1].upper() + word[1:]

    def cell(self, column: str, value: Any) -> str:
        """A value as people read it."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.word("yes" if value else "no")
        if isinstance(value, int):
            return self.whole(Decimal(value))
        if isinstance(value, Decimal):
            return self.rate(value, column) if column in DECIMALS else self.amount(value)
        if isinstance(value, date):
            return value.isoformat()
        if column in SPOKEN and value in WORDS[self.language]:
            return self.word(value)
        return self.sentence(value) if column in SAID else str(value)

    def amount(self, value: Decimal) -> str:
        """An amount with two decimals: `1 234,50` and `1,234.50`."""
        plain = f"{value or abs(value):,.2f}"  # no minus before nought
        if self.language == "en":
            return plain.replace("-", "−")
        return plain.translate(str.maketrans(",.-", "\u00a0,−"))

    def rate(self, value: Decimal, column: str) -> str:
        """An exchange rate with four decimals, a VAT rate with those it has."""
        places = DECIMALS[column]
        plain = f"{value.normalize():f}" if places is None else f"{value:.{places}f}"
        return plain.replace(".", ",") if self.language == "sv" else plain

    def whole(self, value: Decimal) -> str:
        """A round amount: `−20 000`."""
        return f"{value:,.0f}".replace(",", "\u00a0" if self.language == "sv" else ",").replace("-", "−")

    def rows(self, count: int) -> str:
        """How many rows a list has."""
        return f"{count} {self.word('one_row' if count == 1 else 'rows')}"

    def money(self, amount: Decimal, currency: str = "SEK") -> str:
        """An amount with the decimals of its currency and spaces between thousands: `1 234.50` and `1 234,50`."""
        plain = f"{amount:,.{exponent(currency)}f}".replace(",", " ")
        return plain.replace(".", ",") if self.language == "sv" else plain


ENGLISH = Speech("en")
