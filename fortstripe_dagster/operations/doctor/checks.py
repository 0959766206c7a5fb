"""The table of checks: what is asked, of which facts. A check whose facts could not be read says so and passes not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fortstripe_dagster.operations.doctor import (
    books,
    calendar,
    chart,
    configuration,
    habits,
    permissions,
    registers,
    stripe_key,
)
from fortstripe_dagster.operations.doctor.facts import Facts, Refusal
from fortstripe_dagster.operations.doctor.findings import Examined, Finding

Subject = Literal["Configuration", "Stripe", "Fortnox"]


@dataclass(frozen=True)
class Check:
    """One check. `needs` is the part of the facts that it looks at besides the settings, e.g. `fortnox.company`."""

    name: str
    subject: Subject
    title: str
    find: Callable[..., Iterator[Finding]]
    needs: str = ""

    def examine(self, facts: Facts) -> Examined:
        """The findings of the check."""
        if not self.needs:
            return self._examined(self.find(facts))
        part: Any = facts
        for name in self.needs.split("."):
            part = getattr(part, name)
            if isinstance(part, Refusal):
                return self._examined(iter([Finding(self.name, "warning", f"not examined. {part.what}", part.remedy)]))
        return self._examined(self.find(facts, part))

    def _examined(self, findings: Iterator[Finding]) -> Examined:
        return Examined(self.name, self.subject, self.title, tuple(findings))


CHECKS = (
    Check("start_date", "Configuration", "start", configuration.filing),
    Check("open_choices", "Configuration", "choices", configuration.open_choices),
    Check("stripe_key", "Stripe", "key", stripe_key.kind),
    Check("stripe_account", "Stripe", "account", stripe_key.account),
    Check("stripe_permissions", "Stripe", "permissions", stripe_key.streams, "stripe"),
    Check("fortnox_login", "Fortnox", "login", permissions.login),
    Check("fortnox_scopes", "Fortnox", "scopes and licences", permissions.scopes, "fortnox"),
    Check("financial_years", "Fortnox", "financial years", calendar.financial_years, "fortnox.company"),
    Check("locked_periods", "Fortnox", "locked periods", calendar.locks, "fortnox.company"),
    Check("accounts", "Fortnox", "accounts", chart.accounts, "fortnox.company"),
    Check("vat_codes", "Fortnox", "VAT codes", chart.vat_codes, "fortnox.company"),
    Check("predefined_accounts", "Fortnox", "predefined accounts", chart.own_accounts, "fortnox.predefined"),
    Check("voucher_series", "Fortnox", "voucher series", registers.series, "fortnox.company"),
    Check("modes_of_payment", "Fortnox", "modes of payment", registers.modes_of_payment, "fortnox.company"),
    Check("currencies", "Fortnox", "currencies", registers.currencies, "fortnox.currencies"),
    Check("rounding", "Fortnox", "rounding", habits.rounding, "fortnox.roundings"),
    Check("reminders", "Fortnox", "reminders", habits.reminders, "fortnox.overdue"),
    Check("stock", "Fortnox", "stock", habits.stock, "fortnox"),
    Check("books", "Fortnox", "books", books.habits, "fortnox.books"),
)
"""Every check of the doctor, in the order in which a newcomer mends things."""
