"""What the calendar of the company allows: financial years, the next one in time, locked periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Finding, ok

BEFORE_YEAR_END = timedelta(days=61)
"""How long before its end the next financial year should be there: from November, where it ends in December."""
ADD_YEAR = "add the financial year in Fortnox (Inställningar, Bokföring, Räkenskapsår)."


def financial_years(facts: Facts, company: Company) -> Iterator[Finding]:
    """The years from the start date to today, their method, and the next one when the end is near."""
    for day in sorted({facts.settings.start_date, facts.today}):
        if company.year(day) is None:
            yield Finding(f"{day}", "error", f"Fortnox has no financial year for {day}.", ADD_YEAR)
    wanted = "CASH" if facts.settings.accounting_method == "cash" else "ACCRUAL"
    for year in company.years:
        if year.accounting_method != wanted and year.last >= facts.settings.start_date:
            yield Finding(
                f"{year.first}", "error",
                f"the financial year {year.first}…{year.last} is kept by {year.accounting_method}, "
                f"accounting_method is {facts.settings.accounting_method}.",
                "correct accounting_method in fortstripe.toml, or the method of that year in Fortnox.",
            )  # fmt: skip
    present = company.year(facts.today)
    if present is None:
        return
    following = present.last + timedelta(days=1)
    if facts.today > present.last - BEFORE_YEAR_END and company.year(following) is None:
        yield Finding(
            f"{following}", "warning",
            f"the financial year ends on {present.last} and the next is not there: from {following} all would be held.",
            ADD_YEAR,
        )  # fmt: skip
    else:
        yield ok("today", f"today lies in the financial year {present.first}…{present.last}.")


def locks(facts: Facts, company: Company) -> Iterator[Finding]:
    """Days from the start date on that are closed, in Fortnox or by the company's own settings."""
    settings = facts.settings
    closed = {
        "Fortnox is locked": company.locked_until,
        "closed_until closes the books": settings.closed_until,
        "the VAT return is filed": settings.vat_filed_until,
    }
    found = False
    for how, until in closed.items():
        if until is not None and until >= settings.start_date:
            found = True
            yield Finding(
                how, "warning", f"{how} up to {until}, and the books begin on {settings.start_date}.",
                "open the period, choose a later start_date, or decide by [locked_period] what happens to these days.",
            )  # fmt: skip
    if not found:
        yield ok("open", f"all days from {settings.start_date} on are open.")
