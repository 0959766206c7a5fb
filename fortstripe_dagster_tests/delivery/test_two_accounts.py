"""Two Stripe accounts of one Fortnox company: one pace, one customer list, and no document of the other for its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import ConfigurationError, DeliveryStopped
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import CHOICES, MARCH
from fortstripe_dagster_tests.ledger.books import at, new_world

SHOP, ACADEMY = "shop", "academy"


@dataclass
class Pair:
    """Both accounts as companies of ours, each against its own Stripe and the same Fortnox."""

    shop: Running
    academy: Running


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Ann buys in both shops, as a guest; both are synced by the first test."""
    base = tmp_path_factory.mktemp("two")
    worlds = {SHOP: new_world(seed=1), ACADEMY: new_world(seed=2)}
    for world in worlds.values():
        world.one_off_payment(at=at(3), amount=12500, name="Ann Ek", email="ann@example.com")
    worlds[ACADEMY].one_off_payment(at=at(4), amount=50000, name="Bo Ek", email="bo@example.com")
    with ExitStack() as stack:
        shop = stack.enter_context(running(worlds[SHOP], base / SHOP, FORTSTRIPE_COMPANY=SHOP))
        limits = RateLimits(per_endpoint=10**6, overall=10**6)
        stripe = stack.enter_context(serve(stripe_app(worlds[ACADEMY], rate_limits=limits)))
        own = {"voucher_series": "T", "accounts": {"clearing": {"SEK": "1687"}}, "STRIPE_API_BASE": stripe.url}
        settings = academy_settings(shop.settings, base / ACADEMY, **own)
        yield Pair(shop, replace(shop, world=worlds[ACADEMY], settings=settings))


def academy_settings(shop: Settings, home: Path, **own: Any) -> Settings:
    common = {
        "FORTNOX_API_BASE": shop.fortnox_api_base,
        "FORTNOX_AUTH_BASE": shop.fortnox_auth_base,
        "FORTNOX_TENANT_ID": shop.fortnox_tenant_id,
        "RATES_API_BASE": shop.rates_api_base,
    }
    return Settings(**{**CHOICES, **common, "home": home, "FORTSTRIPE_COMPANY": ACADEMY, **own})


def deliver(account: Running) -> delivery.DeliveryReport:
    return delivery.deliver(account.settings, Warehouse(account.settings.warehouse_path), MARCH, progress=print)


def test_both_are_booked_and_proven_beside_each_other(pair: Pair) -> None:
    for account in (pair.shop, pair.academy):
        report = account.sync()
        assert report.exit_code == 0, report.delivered.text() + report.proof.text()
    assert deliver(pair.shop).nothing_to_do, "the academy's invoices are no lost ones of the shop"
    sold = pair.shop.general_ledger()
    assert sold["3001"] == Decimal("-600.00"), "100 + 100 + 400 without VAT"
    assert sold["1686"] > 0 and sold["1687"] > sold["1686"]


def test_the_buyer_of_both_is_one_customer_and_one_list_is_kept(pair: Pair) -> None:
    names = [customer["Name"] for customer in pair.shop.books.customers.register.records.values()]
    assert sorted(names) == ["Ann Ek", "Bo Ek"]
    kept = pair.shop.settings.customer_list_path
    assert kept == pair.academy.settings.customer_list_path
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{kept}' AS kept (READ_ONLY)")
        listed = connection.execute("SELECT count(*) FROM kept.delivery.fortnox_customers").fetchall()
    assert listed[0][0] >= 1


def test_both_keep_one_pace(pair: Pair) -> None:
    shared = pair.shop.settings.fortnox_home
    assert shared == pair.academy.settings.fortnox_home != pair.shop.settings.home
    assert json.loads((shared / "fortnox-limiter.json").read_text())["given"]
    assert not list(pair.shop.settings.home.glob("fortnox-limiter*"))


@pytest.mark.parametrize(
    ("own", "taken"),
    [
        ({"voucher_series": "S", "accounts": {"clearing": {"SEK": "1687"}}}, "Voucher series S"),
        ({"voucher_series": "T", "accounts": {"clearing": {"SEK": "1686"}}}, "Account 1686"),
    ],
)
def test_a_series_and_a_clearing_account_belong_to_one(pair: Pair, own: dict[str, Any], taken: str) -> None:
    settings = academy_settings(pair.shop.settings, pair.academy.settings.home, **own)
    delivery.connect(pair.shop.settings)
    with pytest.raises(ConfigurationError, match=f"{taken} of Fortnox company .* belongs to shop already"):
        delivery.connect(settings)


def test_a_lost_journal_is_noticed_and_adopts_its_own_documents_alone(pair: Pair) -> None:
    wrote = pair.shop.writes()
    for path in pair.academy.settings.home.glob("journal.sqlite*"):
        path.unlink()
    with pytest.raises(DeliveryStopped, match="has 6 documents of ours that the journal lacks"):
        deliver(pair.academy)
    report = delivery.adopt(pair.academy.settings, Warehouse(pair.academy.settings.warehouse_path), progress=print)
    assert report.adopted["invoice"] == 2 and report.unplaced == ()
    assert deliver(pair.academy).nothing_to_do and deliver(pair.shop).nothing_to_do
    assert pair.shop.writes() == wrote
