"""A merchant's month delivered for real: proven under every packaging, with the same general ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import deliver
from fortstripe_dagster.sandbox.merchant import Merchant
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host, company, extracted

SPRING = Days(date(2026, 3, 1), date(2026, 4, 8))
APART = {1510, 1511, 3740}
"""Receivables and rounding: the accounts on which packagings may differ."""


@pytest.fixture(scope="session")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small month with a few of the rare cases, extracted and booked."""
    return extracted(Merchant(seed=7, payments=40).world(), tmp_path_factory.mktemp("merchant"), SPRING)


def delivered(settings: Settings, home: Path, host: Host, packaging: str) -> Company:
    """The merchant's month in a fresh Fortnox."""
    found = company(settings.model_copy(update={"sales": packaging}), home, host)
    deliver(found.settings, found.warehouse, SPRING, fortnox=found.fortnox, progress=lambda line: None)
    return found


def test_every_packaging_is_proven_and_says_the_same(merchant: Settings, host: Host, tmp_path: Path) -> None:
    ledgers: dict[str, dict[int, Decimal]] = {}
    for packaging in ("invoice", "auto", "daily_voucher"):
        found = delivered(merchant, tmp_path / packaging, host, packaging)
        report = found.prove(SPRING)
        assert report.ok, report.text()
        assert {line.difference for line in report.tie_out} == {0}
        books = found.books.general_ledger(SPRING.last)
        ledgers[packaging] = {account: amount for account, amount in books.items() if account not in APART and amount}
    rounding = {"2611", "2621", "2631"}
    for packaging in ("auto", "daily_voucher"):
        off = {
            account: ledgers[packaging].get(account, Decimal(0)) - ledgers["invoice"].get(account, Decimal(0))
            for account in ledgers["invoice"].keys() | ledgers[packaging].keys()
        }
        assert all(abs(amount) <= Decimal("0.10") for amount in off.values()), "VAT that Fortnox rounds itself"
        assert {str(account) for account, amount in off.items() if amount} <= rounding | {"3001", "3002", "3003"}
