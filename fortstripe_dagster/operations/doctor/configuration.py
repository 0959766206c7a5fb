"""The company's own choices: those that nobody has made yet, though their case may come."""

from __future__ import annotations

from collections.abc import Iterator

from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Finding, ok
from fortstripe_dagster.settings import Settings

OPEN_CHOICES = {
    "oss.status": "sales to consumers in other EU countries",
    "tips": "sales with tips",
    "connect": "transfers to sellers and commissions (Stripe Connect)",
    "accounts.paid_outside_stripe": "invoices that Stripe only marks as paid",
    "accounts.granted_credit": "credit balances that were given by hand",
}
"""Settings without a default that a company without the case may leave, and what is held until they are made."""


def open_choices(facts: Facts) -> Iterator[Finding]:
    """What is held as soon as it occurs, for want of a choice."""
    unmade = [name for name in OPEN_CHOICES if _value(facts.settings, name) is None]
    if unmade:
        cases = "; ".join(f"{OPEN_CHOICES[name]} ({name})" for name in unmade)
        yield Finding(
            "choices", "info", f"not decided, and so held when it occurs: {cases}.",
            "if the company has such a case, decide it with the accountant and set it in fortstripe.toml.",
        )  # fmt: skip
    else:
        yield ok("choices", "all are made.")


def filing(facts: Facts) -> Iterator[Finding]:
    """Whether there is anything to book yet."""
    if facts.settings.start_date > facts.today:
        yield Finding(
            "start_date", "info", f"nothing is booked before start_date, {facts.settings.start_date}.",
            "choose an earlier start_date in fortstripe.toml, if days before are to be booked here.",
        )  # fmt: skip
    else:
        yield ok("start_date", f"days from {facts.settings.start_date} on are booked.")


def _value(settings: Settings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
