"""How the close pack says things in one language: its checks, totals and lists."""

from __future__ import annotations

from decimal import Decimal

from fortstripe_dagster.proof.close.checks import Check
from fortstripe_dagster.proof.close.lists import Heading, Tie, headings
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.speech import Speech


class PackSpeech(Speech):
    """One language, for the pack."""

    def side(self, check: Check, value: Decimal | None) -> str:
        """A side of a check, or its difference: money, or a plain count."""
        return "" if value is None else self.whole(value) if check.counts else self.amount(value)

    def title(self, heading: Heading) -> str:
        """The name of a list."""
        return self.either(heading.en, heading.sv)

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
            return f"{rest}. {self.either(title.english, title.swedish)}"
        if kind == "tie":
            name, column, accounts = check.about.split(":", 2)
            title_ = next(self.title(each) for each in headings() if each.name == name)
            return f"{title_}: {self.word(column).lower()} = {self.word(rest + '_of')} {accounts}"
        return self.word(check.name)

    def about(self, check: Check) -> str:
        """Which currency, account or box it is about."""
        return "" if check.name.startswith("tie:") else " ".join(self.term(part) for part in check.about.split(" "))

    def remark(self, check: Check) -> str:
        """What is said beside it."""
        return self.cell("remark", check.remark)
