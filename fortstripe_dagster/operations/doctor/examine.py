"""Gather the facts of a company, and hold every check against them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fortstripe_dagster import business_day
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.operations.doctor.checks import CHECKS
from fortstripe_dagster.operations.doctor.company import read_fortnox
from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Diagnosis
from fortstripe_dagster.operations.doctor.probing import read_stripe
from fortstripe_dagster.settings import Settings


def examine(settings: Settings, progress: Callable[[str], None], today: date | None = None) -> Diagnosis:
    """Ask Stripe and Fortnox, by GETs alone, and say what stands in a run's way."""
    progress("doctor: asking Stripe for one object of each kind")
    stripe = read_stripe(settings)
    progress("doctor: reading the company in Fortnox")
    today = today or business_day.today()
    return diagnose(Facts(settings, today, _pins(settings), stripe, read_fortnox(settings, today)))


def diagnose(facts: Facts) -> Diagnosis:
    """Every check, held against the facts."""
    return Diagnosis(tuple(check.examine(facts) for check in CHECKS))


def _pins(settings: Settings) -> dict[str, str]:
    """What the journal is tied to; a journal that is not there yet is not made."""
    if not settings.journal_path.exists():
        return {}
    with Journal(settings.journal_path) as journal:
        return {row["name"]: row["value"] for row in journal.rows("SELECT name, value FROM pins")}
