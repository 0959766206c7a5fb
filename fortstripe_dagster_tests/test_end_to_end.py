"""The main job over real HTTP: from Stripe's pages to Fortnox's vouchers, and the proof read back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.merchant import Merchant, tiny
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import running
from fortstripe_dagster_tests.conftest import MARCH

PACKAGINGS = ("auto", "invoice", "daily_voucher")
RECEIVABLES_AND_ROUNDING = {"1510", "1511", "3740"}


def test_twenty_payments_a_refund_and_a_payout(tmp_path: Path) -> None:
    world = tiny()
    with running(world, tmp_path) as company:
        report = company.sync()
        assert report.exit_code == 0, report.proof.text()
        assert report.delivered.written["invoice.create"] == 20
        assert report.delivered.written["credit_invoice.create"] == 1
        charges = [charge for charge in world.all("charge") if charge["status"] == "succeeded"]
        fees = sum(t["fee"] for t in world.all("balance_transaction"))
        books = company.general_ledger()
        assert books["6570"] == Decimal(fees) / 100
        assert books["3001"] + books["2611"] == -Decimal(sum(c["amount"] - c["amount_refunded"] for c in charges)) / 100
        assert books["1930"] == Decimal(world.all("payout")[0]["amount"]) / 100
        assert {"1510", "1686", "1689"}.isdisjoint(books)
        wrote = company.writes()
        again = company.sync()
        assert again.delivered.nothing_to_do and again.exit_code == 0
        assert company.writes() == wrote
        assert company.general_ledger() == books


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a month of sales, extracted and booked, of which Fortnox has nothing yet."""
    with running(Merchant(seed=4, payments=12).world(), tmp_path_factory.mktemp("booked")) as company:
        warehouse = Warehouse(company.settings.warehouse_path)
        extract(company.settings, warehouse, MARCH, progress=company.said.append)
        build(company.settings, warehouse)
        return company.settings.warehouse_path


def test_the_general_ledger_is_the_same_under_every_packaging_and_rounding(booked: Path, tmp_path: Path) -> None:
    ledgers = []
    for packaging, whole in (("auto", True), ("invoice", True), ("invoice", False), ("daily_voucher", False)):
        home = tmp_path / f"{packaging}-{whole}"
        with running(World(seed=4), home, company=Company(round_to_krona=whole), sales=packaging) as company:
            home.mkdir()
            copyfile(booked, company.settings.warehouse_path)
            assert company.deliver().written
            proof = company.prove()
            assert proof.ok, proof.text()
            ledger = company.general_ledger()
            ledgers.append({name: amount for name, amount in ledger.items() if name not in RECEIVABLES_AND_ROUNDING})
    assert ledgers[0] == ledgers[1] == ledgers[2] == ledgers[3]


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(min_value=1, max_value=10**6), packaging=st.sampled_from(PACKAGINGS), whole=st.booleans())
def test_any_generated_month_balances_and_ties_out(seed: int, packaging: str, whole: bool) -> None:
    world = Merchant(seed=seed, payments=15, rare=True).world()
    with (
        TemporaryDirectory() as home,
        running(world, Path(home), company=Company(round_to_krona=whole), sales=packaging) as company,
    ):
        first = company.sync()
        assert first.proof.ok, first.proof.text()
        # What Stripe owed before the books began is posted once a person has approved it.
        company.approve_all()
        delivered, proof = company.deliver(), company.prove()
        assert proof.ok, proof.text()
        assert not delivered.awaiting
        assert sum(company.books.general_ledger().values()) == 0
        for tie in proof.tie_out:
            assert tie.stripe == tie.ledger
            # A returned payment of a paid invoice is held for a person; then the difference is named instead.
            assert tie.difference == 0 or (delivered.held and tie.explained), proof.text()
