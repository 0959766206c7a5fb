"""How the close pack says things in one language: words from `words.csv`, amounts and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.proof.close.checks import Check
from fortstripe_dagster.proof.close.lists import Heading, Tie, headings
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.words import WORDS, Language

SPOKEN = frozenset("kind status class part severity evidence remark balance_type outcome supply document".split())
"""Columns whose values are words of ours; all others hold names, ids and texts as they are."""

DECIMALS = {"rate": 4, "vat_rate": None}
"""Columns of rates, and how many decimals they are said with."""


@dataclass(frozen=True)
class Speech:
    """One language."""

    language: Language

    def word(self, name: str) -> str:
        """A word that must be there."""
        return WORDS[self.language][name]

    def column(self, name: str) -> str:
        """A word as the heading of a column."""
        word = self.word(name)
        return word[:1].upper() + word[1:]

    def side(self, check: Check, value: Decimal | None) -> str:
        """A side of a check, or its difference: money, or a plain count."""
        return "" if value is None else self.whole(value) if check.counts else self.amount(value)

    def title(self, heading: Heading) -> str:
        """The name of a list."""
        return heading.sv if self.language == "sv" else heading.en

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
        return WORDS[self.language].get(value, value) if column in SPOKEN else str(value)

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

    def tie(self, tie: Tie) -> str:
        """What a total must equal."""
        accounts = ", ".join(tie.accounts)
        return f"{self.column(tie.column)} = {self.word(tie.measure + '_of')} {accounts}, {self.word('ledger')}"

    def apart(self, tie: Tie) -> str:
        """How far a total is from it."""
        return f"{self.word('difference')} {self.amount(tie.difference)}"

    def check(self, check: Check) -> str:
        """What a check compares."""
        kind, _, rest = check.name.partition(":")
        if kind == "equation":
            title = EQUATIONS[rest]
            return f"{rest}. {title.swedish if self.language == 'sv' else title.english}"
        if kind == "tie":
            name, column, accounts = check.about.split(":", 2)
            title_ = next(self.title(each) for each in headings() if each.name == name)
            return f"{title_}: {self.word(column).lower()} = {self.word(rest + '_of')} {accounts}"
        return self.word(check.name)

    def about(self, check: Check) -> str:
        """Which currency, account or box it is about."""
        return (
            ""
            if check.name.startswith("tie:")
            else " ".join(WORDS[self.language].get(part, part) for part in check.about.split(" "))
        )

    def remark(self, check: Check) -> str:
        """What is said beside it."""
        return WORDS[self.language].get(check.remark, check.remark)
