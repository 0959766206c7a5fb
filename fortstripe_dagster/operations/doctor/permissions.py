"""Fortnox's scopes: which the company's choices need, and whether their endpoints answer.

A scope is known by asking, not by what the token says of itself: a scope without its licence is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fortstripe_dagster.operations.doctor.facts import Facts, FortnoxFacts, Refusal
from fortstripe_dagster.operations.doctor.findings import Finding, ok
from fortstripe_dagster.settings import Settings


@dataclass(frozen=True)
class Scope:
    """A scope, a list that needs it, and what the company cannot do without it."""

    name: str
    path: str
    serves: str
    needed: Callable[[Settings], bool] = lambda settings: True
    instead: str = ""
    """The choice by which the company does without it."""
    one: bool = True
    """Whether the list takes a limit; a folder or a single record does not."""


def _files(settings: Settings, place: str) -> bool:
    return _attaches(settings) and settings.files == place


def _attaches(settings: Settings) -> bool:
    return settings.attachments != "off" or settings.stripe_pdfs != "off"


NO_FILES = 'attachments = "off" and stripe_pdfs = "off"'
"""The choices of a company that attaches no files."""

SCOPES = (
    Scope("companyinformation", "/3/companyinformation", "to know which company it is", one=False),
    Scope("bookkeeping", "/3/financialyears", "financial years, accounts, vouchers and the general ledger"),
    Scope("settings", "/3/modesofpayments", "modes of payment and the accounts that Fortnox posts to by itself"),
    Scope("customer", "/3/customers", "customers"),
    Scope("invoice", "/3/invoices", "invoices and credit invoices"),
    Scope("payment", "/3/invoicepayments", "invoice payments"),
    Scope("article", "/3/articles", "articles, which sales to EU businesses need"),
    Scope("currency", "/3/currencies", "currencies"),
    Scope(
        "inbox", "/3/inbox", "files attached to vouchers and invoices",
        lambda settings: _files(settings, "inbox"), f'{NO_FILES}, or files = "archive"', one=False,
    ),
    Scope(
        "archive", "/3/archive", "files attached to vouchers and invoices",
        lambda settings: _files(settings, "archive"), f'{NO_FILES}, or files = "inbox"', one=False,
    ),
    Scope(
        "connectfile", "/3/voucherfileconnections", "files attached to vouchers and invoices",
        _attaches, NO_FILES,
    ),
    Scope(
        "costcenter", "/3/costcenters", "cost centres that rules name",
        lambda settings: any(rule.cost_center for rule in settings.rules),
    ),
    Scope(
        "project", "/3/projects", "projects that rules name",
        lambda settings: any(rule.project for rule in settings.rules),
    ),
)  # fmt: skip


def scopes_of(settings: Settings) -> tuple[Scope, ...]:
    """The scopes that the company's choices need."""
    return tuple(scope for scope in SCOPES if scope.needed(settings))


def login(facts: Facts) -> Iterator[Finding]:
    """Whether Fortnox takes the login, and whether it is the company that the journal belongs to."""
    if isinstance(facts.fortnox, Refusal):
        yield Finding("login", "error", facts.fortnox.what, facts.fortnox.remedy)
        return
    company = facts.fortnox.company
    if isinstance(company, Refusal):
        yield Finding("company", "error", company.what, company.remedy)
        return
    pinned = facts.pins.get("fortnox_tenant", company.tenant_id)
    if pinned != company.tenant_id:
        yield Finding(
            "company",
            "error",
            f"The journal belongs to Fortnox company {pinned}, the login to {company.tenant_id} ({company.name}).",
            "correct FORTNOX_TENANT_ID, or use another FORTSTRIPE_HOME for another company.",
        )
    elif facts.settings.fortnox_tenant_id != company.tenant_id:
        yield Finding(
            "company",
            "error",
            f"FORTNOX_TENANT_ID is {facts.settings.fortnox_tenant_id}; {company.tenant_id} ({company.name}) answers.",
            "run `fortstripe connect` for the company that is meant.",
        )
    else:
        yield ok("company", f"{company.name} ({company.tenant_id}) answers.")


def scopes(facts: Facts, fortnox: FortnoxFacts) -> Iterator[Finding]:
    """A finding for each scope that is needed and does not answer."""
    lacking = 0
    for scope in scopes_of(facts.settings):
        refusal = fortnox.scopes.get(scope.name)
        if refusal is None:
            continue
        lacking += 1
        instead = f" Or choose {scope.instead} in fortstripe.toml." if scope.instead else ""
        yield Finding(
            scope.name,
            "error",
            f"{scope.name} does not answer, needed for {scope.serves}. {refusal.what}",
            refusal.remedy + instead,
        )
    if not lacking:
        yield ok("scopes", f"all {len(fortnox.scopes)} that are needed answer.")
