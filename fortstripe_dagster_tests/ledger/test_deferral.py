"""Income over time: deferred by day, released at month ends, re-planned by credits; the figures are worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

SPRING = Days(date(2026, 3, 1), date(2026, 6, 30))


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def plan(
    world: World, ore: int, first: date, end: date, *, issued: datetime | None = None, others: tuple[Line, ...] = ()
) -> dict[str, Any]:
    """A paid invoice of one line at 25 % for the days from `first` until before `end`."""
    customer = world.customer(name="Svea Handel AB", country="SE")
    line = Line(
        description="Årsplan",
        unit_amount=ore,
        tax_rate=world.tax_rate(percentage=25),
        period=(moment(first), moment(end)),
    )
    invoice = world.invoice(at=issued or moment(first), customer=customer, lines=[line, *others])
    world.pay_invoice(invoice, at=issued or moment(first))
    return invoice


def deferred(world: World, home: Path, days: Days = SPRING, **choices: Any) -> Book:
    return book(world, home, days, deferral="voucher", **choices)


def schedule(ledger: Book) -> dict[str, int]:
    """Released öre by month."""
    return dict(
        ledger.rows(
            "SELECT strftime(month_end, '%Y-%m'), sum(released_ore)::BIGINT FROM ledger.deferral_schedule GROUP BY 1"
        )
    )


def ties(ledger: Book) -> None:
    """The roll-forward's closing balances are the account's, at the end of every month."""
    months = ledger.rows(
        "SELECT month_end, sum(closing_ore)::BIGINT FROM ledger.deferred_revenue GROUP BY 1 ORDER BY 1"
    )
    assert months
    for month_end, closing in months:
        ((balance,),) = ledger.rows(
            "SELECT coalesce(sum(credit - debit) * 100, 0)::BIGINT FROM ledger.lines WHERE account = '2970'"
            " AND event_day <= ?",
            month_end,
        )
        assert closing == balance, month_end


def test_an_annual_plan_is_deferred_and_released_day_by_day(tmp_path: Path) -> None:
    world = new_world()
    invoice = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    ledger = deferred(world, tmp_path)
    assert ledger.entry(f"{invoice['id']}:sale") == {"1510": "15000.00", "2611": "-3000.00", "3001": "-12000.00"}
    assert ledger.entry(f"{invoice['id']}:deferral") == {"2970": "-12000.00", "3099": "12000.00"}
    assert ledger.day(f"{invoice['id']}:deferral") == date(2026, 3, 12)
    assert ledger.entry(f"{invoice['id']}:release:2026-03") == {"2970": "657.53", "3099": "-657.53"}
    assert ledger.entry(f"{invoice['id']}:release:2026-04") == {"2970": "986.31", "3099": "-986.31"}
    assert ledger.day(f"{invoice['id']}:release:2026-04") == date(2026, 4, 30)
    released = schedule(ledger)
    assert sum(ore for month, ore in released.items() if month < "2027") == 969863
    assert sum(released.values()) == 1200000
    assert not ledger.entry(f"{invoice['id']}:release:2026-07"), "a month that is not covered is the plan only"
    ties(ledger)


def test_a_leap_year_counts_its_day(tmp_path: Path) -> None:
    world = new_world()
    plan(world, 1200000, date(2027, 3, 1), date(2028, 3, 1), issued=at(10))
    released = schedule(deferred(world, tmp_path))
    assert released["2028-02"] == 95082
    assert sum(ore for month, ore in released.items() if month < "2028") == 1003279


def test_off_by_default_and_nothing_within_the_month_of_the_invoice(tmp_path: Path) -> None:
    world = new_world()
    plan(world, 1200000, date(2026, 3, 1), date(2026, 4, 1))
    assert schedule(deferred(world, tmp_path / "on")) == {}
    world = new_world()
    plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    ledger = book(world, tmp_path / "off")
    assert "2970" not in ledger.accounts()


def test_days_before_the_invoice_are_income_of_its_month(tmp_path: Path) -> None:
    world = new_world()
    plan(world, 1200000, date(2026, 1, 1), date(2027, 1, 1), issued=at(20))
    assert schedule(deferred(world, tmp_path))["2026-03"] == round(1200000 * 90 / 365)


def test_a_full_refund_empties_the_plan_on_its_day(tmp_path: Path) -> None:
    world = new_world()
    invoice = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    refund = world.refund(world.invoice_charge(invoice), at=at(10, month=5))
    ledger = deferred(world, tmp_path)
    left = 1200000 - 65753 - 98631
    assert ledger.entry(f"{refund['id']}:deferral") == {"2970": f"{left / 100:.2f}", "3099": f"-{left / 100:.2f}"}
    assert ledger.accounts()["2970"] == "0.00"
    assert ledger.accounts()["3001"] == "0.00" and ledger.accounts()["3099"] == "0.00"
    assert set(schedule(ledger)) == {"2026-03", "2026-04"}
    ties(ledger)


def test_a_partial_refund_spreads_the_rest_over_the_days_that_remain(tmp_path: Path) -> None:
    world = new_world()
    invoice = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    refund = world.refund(world.invoice_charge(invoice), at=at(30, month=4), amount=375000)
    ledger = deferred(world, tmp_path)
    assert ledger.entry(f"{refund['id']}:deferral") == {"2970": "3000.00", "3099": "-3000.00"}
    assert ledger.day(f"{refund['id']}:deferral") == date(2026, 4, 30)
    earned = 65753 + 98631
    released = schedule(ledger)
    assert released["2026-04"] == 98631
    assert released["2026-05"] == round((1200000 - earned - 300000) * 31 / 315)
    assert sum(released.values()) == 900000
    ties(ledger)


def test_a_refund_of_the_unused_time_leaves_nothing_to_release(tmp_path: Path) -> None:
    world = new_world()
    invoice = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    # Cancelled on 15 May at noon: Stripe counts by the second, the books by the day.
    world.refund(world.invoice_charge(invoice), at=at(15, month=5), amount=round(1500000 * 300.5 / 365))
    ledger = deferred(world, tmp_path)
    assert ledger.accounts()["2970"] == "0.00"
    assert set(schedule(ledger)) == {"2026-03", "2026-04"}
    ties(ledger)


def test_a_void_ends_the_plan(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    line = Line(
        description="Årsplan", unit_amount=1200000, tax_rate=world.tax_rate(percentage=25),
        period=(moment(date(2026, 3, 12)), moment(date(2027, 3, 12))),
    )  # fmt: skip
    invoice = world.invoice(at=at(12), customer=customer, lines=[line], collection_method="send_invoice")
    world.void_invoice(invoice, at=at(2, month=4))
    ledger = deferred(world, tmp_path)
    assert ledger.entry(f"{invoice['id']}:void:deferral") == {"2970": "11342.47", "3099": "-11342.47"}
    assert ledger.accounts()["2970"] == "0.00"
    ties(ledger)


def test_an_upgrade_takes_the_old_plans_coming_days_back(tmp_path: Path) -> None:
    world = new_world()
    plan(world, 1200000, date(2026, 3, 1), date(2027, 3, 1))
    rate = world.tax_rate(percentage=25)
    period = (moment(date(2026, 5, 1)), moment(date(2027, 3, 1)))
    customer = world.customer(name="Svea Handel AB", country="SE")
    unused = round(1200000 * 304 / 365)
    lines = [
        Line(description="Unused time on Basic", unit_amount=-unused, tax_rate=rate, period=period),
        Line(description="Remaining time on Pro", unit_amount=2 * unused, tax_rate=rate, period=period),
    ]
    upgrade = world.invoice(at=at(1, month=5), customer=customer, lines=lines)
    world.pay_invoice(upgrade, at=at(1, month=5))
    ledger = deferred(world, tmp_path)
    assert ledger.entry(f"{upgrade['id']}:deferral") == {"2970": f"-{unused / 100:.2f}", "3099": f"{unused / 100:.2f}"}
    released = schedule(ledger)
    assert released["2026-04"] == round(1200000 * 61 / 365) - round(1200000 * 31 / 365)
    assert released["2026-05"] - 2 * round(1200000 * 31 / 365) in (-1, 0, 1)
    assert sum(released.values()) == 1200000 + unused
    ties(ledger)


def test_a_credit_note_for_another_line_leaves_the_plan_alone(tmp_path: Path) -> None:
    world = new_world()
    rate = world.tax_rate(percentage=25)
    invoice = plan(
        world, 1200000, date(2026, 3, 12), date(2027, 3, 12),
        others=(Line(description="Setup", unit_amount=100000, tax_rate=rate),),
    )  # fmt: skip
    setup = world.lines[invoice["id"]][1]
    note = world.credit_note(invoice, at=at(20), lines=[(setup, 100000)])
    ledger = deferred(world, tmp_path)
    assert not ledger.entry(f"{note['id']}:deferral")
    assert ledger.entry(f"{note['id']}:credit")["3001"] == "1000.00"
    assert sum(schedule(ledger).values()) == 1200000


def test_small_amounts_and_short_periods_can_be_left_out(tmp_path: Path) -> None:
    world = new_world()
    plan(world, 10000, date(2026, 3, 12), date(2027, 3, 12))
    plan(world, 1200000, date(2026, 3, 12), date(2026, 4, 12))
    kept = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    ledger = deferred(world, tmp_path, deferral_from_amount=500, deferral_from_days=60)
    assert ledger.rows("SELECT sale_id FROM ledger.deferral_plans") == [(kept["id"],)]
