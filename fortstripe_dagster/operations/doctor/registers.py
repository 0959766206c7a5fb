"""Registers of the company that deliveries need: voucher series, modes of payment, currencies."""

from __future__ import annotations

from collections.abc import Iterator

from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Finding, ok

CREATE = "run `fortstripe doctor --create`, or let the first delivery make it"


def series(facts: Facts, company: Company) -> Iterator[Finding]:
    """Our voucher series in each financial year."""
    code = facts.settings.voucher_series
    for year in company.years:
        if year.series_manual is None:
            yield Finding(
                f"{year.first}", "info", f"the financial year {year.first}…{year.last} has no series {code} yet.",
                f"{CREATE}.",
            )  # fmt: skip
        elif not year.series_manual:
            yield Finding(
                f"{year.first}", "error",
                f"series {code} of {year.first}…{year.last} takes no vouchers from outside.",
                "tick the series as manual (manuell) in Fortnox, or choose another voucher_series.",
            )  # fmt: skip
        else:
            yield ok(f"{year.first}", f"series {code} of {year.first}…{year.last} takes our vouchers.")


def modes_of_payment(facts: Facts, company: Company) -> Iterator[Finding]:
    """A mode of payment for each clearing account, where payments are registered on invoices."""
    if facts.settings.sales == "daily_voucher":
        yield ok("modes", "none is needed: sales go as vouchers.")
        return
    for currency, account in sorted(facts.settings.accounts.clearing.items()):
        code = company.mode_for(account)
        if code is None:
            yield Finding(currency, "info", f"no mode of payment pays to {account} yet.", f"{CREATE}.")
        else:
            yield ok(currency, f"{code} pays to {account}.")


def currencies(facts: Facts, registered: frozenset[str]) -> Iterator[Finding]:
    """Settlement currencies that Fortnox does not know. Documents are in kronor, so nothing is held for it."""
    lacking = sorted(set(facts.settings.accounts.clearing) - registered)
    if lacking:
        yield Finding(
            "currencies", "info",
            f"{', '.join(lacking)} not registered in Fortnox; what we write is in kronor, so only people may miss it.",
            "run `fortstripe doctor --create`, or add the currency in Fortnox (Inställningar, Valutor).",
        )  # fmt: skip
    else:
        yield ok("currencies", "the settlement currencies are registered.")
