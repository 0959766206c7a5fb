"""Make in Fortnox, before any delivery, the registers that the company lacks: journalled like all that is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.planning.preflight import Company, read_company
from fortstripe_dagster.delivery.planning.setting_up import lacking
from fortstripe_dagster.delivery.sending.apply import Applied, apply
from fortstripe_dagster.delivery.sending.connection import connect, explained
from fortstripe_dagster.delivery.sending.steps import Context
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings

Agree = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Created:
    """What there is now that was not before, and what Fortnox refused, each with the reason and what to do."""

    made: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def create(settings: Settings, days: Sequence[date], agree: Agree, progress: Callable[[str], None]) -> Created:
    """Make what is lacking in the financial years of these days, if `agree` says yes to the list.

    Raises DeliveryStopped as `deliver` does.
    """
    client = connect(settings)
    with explained():
        company = read_company(client, days, settings)
        documents = lacking(company, settings, _currencies(client), days[-1])
    if not documents or not agree([document.description for document in documents]):
        return Created()
    result = Applied()
    with Journal(settings.journal_path) as journal, journal.delivering(), explained():
        journal.pin("fortnox_tenant", company.tenant_id, "the Fortnox company")
        context = Context(settings, journal, client, company, _codes(company))
        apply(context, documents, uuid.uuid4().hex, progress, result)
        there = history.finished(journal, [document.document_id for document in documents])
    refused = [f"{held.document_id}: {held.reason} Remedy: {held.remedy}" for held in result.held.values()]
    return Created(
        tuple(document.description for document in documents if document.document_id in there),
        (*refused, *result.findings),
    )


def _codes(company: Company) -> dict[str, str]:
    return {account: code for code, account in company.modes.items()}


def _currencies(fortnox: Fortnox) -> set[str]:
    return {str(item["Code"]) for item in fortnox.pages("/3/currencies", "Currencies")}
