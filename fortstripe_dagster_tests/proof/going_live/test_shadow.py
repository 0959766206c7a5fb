"""What fortstripe would book beside what people booked: equal, on other days, and different by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.operations.pipeline import sync
from fortstripe_dagster.proof import prove
from fortstripe_dagster.proof.going_live import shadow
from fortstripe_dagster.proof.going_live.shadow import Difference, ShadowReport
from fortstripe_dagster.sandbox.fortnox.ledger import signed_row
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.proof.company import local

DAYS = Days(date(2026, 3, 2), date(2026, 3, 6))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two sales and a payout in shadow mode; a bookkeeper books the sales by hand in one voucher, without the fees."""
    world = World(seed=1, now=local(2, 20))
    world.one_off_payment(at=local(3, 2, 10), amount=12500, name="Anna Berg", email="anna@example.com")
    world.one_off_payment(at=local(3, 3, 11), amount=25000, name="Erik Lund", email="erik@example.com")
    world.payout_paid(world.payout(at=local(3, 4, 6)))
    home = tmp_path_factory.mktemp("shadow")
    with running(world, home, mode="shadow", start_date=DAYS.first, sales="daily_voucher") as served:
        year = served.books.ledger.required_year_of(DAYS.first)
        rows = {"1686": "375.00", "3001": "-300.00", "2611": "-75.00"}
        post = served.books.ledger.post_manual
        post(year, "A", date(2026, 3, 3), "Stripe vecka 10", [signed_row(int(a), Decimal(x)) for a, x in rows.items()])
        post(
            year, "A", date(2026, 3, 3), "Kontantkassa", [signed_row(1910, Decimal(90)), signed_row(3001, Decimal(-90))]
        )
        sync(served.settings, DAYS, served.said.append)
        yield served


@pytest.fixture(scope="module")
def found(company: Running) -> ShadowReport:
    return shadow.report(Warehouse(company.settings.warehouse_path), DAYS)


def row(found: ShadowReport, account: str, period: str = "month", starts: date = date(2026, 3, 1)) -> Difference:
    (one,) = [each for each in found.rows if (each.account, each.period, each.starts) == (account, period, starts)]
    return one


def test_sales_agree_by_month_though_booked_on_one_day(found: ShadowReport) -> None:
    sales = row(found, "3001")
    assert (sales.ours, sales.theirs, sales.status) == (Decimal(-300), Decimal(-300), "same")
    assert row(found, "3001", "day", date(2026, 3, 2)).status == "other days"
    assert row(found, "2611").status == "same"


def test_what_the_bookkeeper_left_out_is_named(found: ShadowReport) -> None:
    fees = row(found, "6570")
    assert fees.status == "ours alone" and fees.ours > 0 and fees.their_vouchers == ""
    assert fees.our_entries.startswith("fee (2) ")
    claim = row(found, "1686")
    assert claim.status == "differs"
    assert claim.theirs == Decimal(375) and claim.difference == claim.ours - 375
    assert "payout (1)" in claim.our_entries and "Stripe vecka 10" in claim.their_vouchers
    assert found.exit_code == 3


def test_vouchers_that_are_not_about_stripe_are_left_out(found: ShadowReport) -> None:
    assert all("Kontantkassa" not in each.their_vouchers for each in found.rows)
    assert "1910" not in {each.account for each in found.rows}


def test_the_sums_of_the_days_are_the_month(found: ShadowReport) -> None:
    for month in found.months:
        days = [each for each in found.rows if each.period == "day" and each.account == month.account]
        assert sum((each.ours for each in days), Decimal(0)) == month.ours
        assert sum((each.theirs for each in days), Decimal(0)) == month.theirs


def test_the_proof_holds_in_shadow_and_asks_nobody_to_act(company: Running) -> None:
    report = prove(company.settings, Warehouse(company.settings.warehouse_path), DAYS, company.said.append)
    assert report.ok, [item for item in report.items if item.severity == "alarm"]
    assert {item.kind for item in report.items if "2" in item.equations} == {"shadow", "manual"}
    assert report.exit_code == 0
    (note,) = report.notes
    assert "accounts differ by month" in note and shadow.page_path(company.settings.home, DAYS).is_file()


def test_going_live_without_delivering_is_an_alarm_again(company: Running) -> None:
    live = company.settings.model_copy(update={"mode": "live"})
    report = prove(live, Warehouse(live.warehouse_path), DAYS, company.said.append)
    assert not report.ok
    assert "unsent" in {item.kind for item in report.alarms}


def test_the_page_escapes_what_people_wrote(found: ShadowReport, tmp_path: Path) -> None:
    hostile = [replace(each, their_vouchers="<script>alert(1)</script>") for each in found.rows]
    page = shadow.write_page(ShadowReport(found.days, found.company, tuple(hostile)), tmp_path / "shadow.html")
    text = page.read_text(encoding="utf-8")
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_what_was_delivered_before_is_on_neither_side(company: Running) -> None:
    """Live for the first day, in shadow again: that day's documents are no difference."""
    live = company.settings.model_copy(update={"mode": "live"})
    warehouse = Warehouse(live.warehouse_path)
    delivery.deliver(live, warehouse, Days(DAYS.first, DAYS.first), progress=company.said.append)
    delivery.deliver(company.settings, warehouse, DAYS, progress=company.said.append)
    prove(company.settings, warehouse, DAYS, company.said.append)
    sales = row(shadow.report(warehouse, DAYS), "3001")
    assert (sales.ours, sales.theirs) == (Decimal(-200), Decimal(-300))
