"""A rich month delivered for real and closed once; and a small clean one that each test may spoil."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import deliver
from fortstripe_dagster.proof.close import ClosePack, attach, close_month
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import CLEARING, Company, Host, again, company, extracted, local

SPRING = Days(date(2026, 3, 1), date(2026, 4, 30))
GIFT_CARDS = {"name": "Gift cards", "when": {"description": "gift card"}, "kind": "gift_card_multi"}


@dataclass
class Closed:
    """A company with the pack of its March."""

    company: Company
    pack: ClosePack

    def folder(self, language: str) -> Path:
        """The folder of a language."""
        return next(each for each in self.pack.folders if each.name == language)

    def page(self, language: str) -> str:
        """The cover."""
        (cover,) = self.folder(language).glob("00_*.html")
        return cover.read_text("utf-8")


def rich_month() -> World:
    """SEK and EUR balances, refunds, disputes open and lost, an annual plan, an unpaid invoice, a payout under way."""
    world = World(seed=4, now=local(2, 20))
    sold = world.one_off_payment(at=local(3, 2, 10), amount=21875, name="Anna <b>Berg</b>", email="anna@example.com")
    world.one_off_payment(at=local(3, 3, 11), amount=9990, name="Erik Lund", metadata={"vat_rate": "6"})
    lost = world.one_off_payment(at=local(3, 4, 9), amount=49900, name="Olle Falk", email="olle@example.com")
    waits = world.one_off_payment(at=local(3, 5, 9), amount=29900, name="=SUM(A1:A9)", email="sara@example.com")
    euros = world.one_off_payment(at=local(3, 6), amount=10000, currency="eur", settle_in="eur", name="Maja Lind")
    world.refund(sold, at=local(3, 9), amount=5000)
    world.payout_paid(world.payout(at=local(3, 12, 6)))
    world.refund(euros, at=local(3, 13), amount=2500)
    dispute = world.dispute_opened(lost, at=local(3, 16, 8))
    world.dispute_opened(waits, at=local(3, 17, 8))
    world.stripe_fee(at=local(3, 18, 3), amount=2500)
    world.dispute_lost(dispute, at=local(3, 24, 10))
    buyer = world.customer(name="Svea Handel AB", country="SE")
    year = (datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2027, 3, 10, 9, tzinfo=UTC))
    plan = Line(description="Årsplan", unit_amount=120000, tax_rate=world.tax_rate(percentage=25), period=year)
    world.pay_invoice(world.invoice(at=local(3, 10), customer=buyer, lines=[plan]), at=local(3, 10))
    shelf = Line(description="Hylla", unit_amount=80000, tax_rate=world.tax_rate(percentage=25))
    world.invoice(at=local(3, 20), customer=buyer, lines=[shelf])
    world.one_off_payment(
        at=local(3, 21), amount=50000, name="Bo Ek", description="Gift card 500", metadata={"gift_card": "GC-1"}
    )
    ahead = world.invoice(at=local(3, 30), customer=buyer, lines=[shelf], effective_at=local(4, 2))
    world.pay_invoice(ahead, at=local(3, 30, 15))
    world.payout_paid(world.payout(at=local(3, 31, 6)))
    world.one_off_payment(at=local(4, 1, 0, 15), amount=8800, name="Sara Ek", email="sara@example.com")
    return world


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Closed:
    """The rich month, with a tax invoice filed, in both languages."""
    folder = tmp_path_factory.mktemp("rich")
    choices: dict[str, Any] = {"sales": "auto", "deferral": "voucher", "accounts": CLEARING, "rules": [GIFT_CARDS]}
    found = company(extracted(rich_month(), folder / "extracted", SPRING, **choices), folder / "home", host)
    deliver(found.settings, found.warehouse, SPRING, fortnox=found.fortnox, progress=lambda line: None)
    invoice = folder / "Stripe faktura.pdf"
    invoice.write_bytes(b"%PDF-1.4 not read by anybody")
    attach(found.settings, found.warehouse, invoice, "stripe_tax_invoice", MARCH, "Karin")
    pack = close_month(found.settings, found.warehouse, MARCH, progress=lambda line: None, fortnox=found.fortnox)
    return Closed(found, pack)


@pytest.fixture(scope="session")
def clean_month(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Closed:
    """A small month delivered for real, with its tax invoice filed, and closed in English."""
    world = World(seed=3, now=local(2, 20))
    for day, name in ((2, "Anna Berg"), (3, "Erik Lund")):
        customer = world.customer(name=name, email=f"kund{day}@example.com", country="SE", city="Lund")
        world.one_off_payment(at=local(3, day), amount=50000 * day, customer=customer)
    folder = tmp_path_factory.mktemp("clean")
    found = company(extracted(world, folder / "extracted"), folder / "home", host)
    deliver(found.settings, found.warehouse, MARCH, fortnox=found.fortnox, progress=lambda line: None)
    ((fees,),) = found.sql("SELECT sum(amount) / 100 FROM ledger.fees")
    paper = folder / "invoice.pdf"
    paper.write_bytes(b"%PDF-1.4")
    attach(found.settings, found.warehouse, paper, "stripe_tax_invoice", MARCH, "Karin", round(fees, 2))
    return Closed(found, close_in(found, "en"))


def close_in(found: Company, language: Language, *, as_proven: bool = False) -> ClosePack:
    """Close March in one language."""
    settings, warehouse, fortnox = found.settings, found.warehouse, found.fortnox
    return close_month(settings, warehouse, MARCH, (language,), lambda line: None, fortnox=fortnox, as_proven=as_proven)


@pytest.fixture
def clean(clean_month: Closed, tmp_path: Path) -> Company:
    """A copy of the clean month with books of its own."""
    return again(clean_month.company, tmp_path / "home")
