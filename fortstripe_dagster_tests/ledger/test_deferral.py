"""Income over time: deferred by day, released at month ends, re-planned by credits; the figures are worked by hand.

Each plan is an invoice to a customer of its own, all in one world; a plan is judged by its own lines and months.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

YEAR = (date(2026, 3, 12), date(2027, 3, 12))

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


def schedule(ledger: Book, *invoices: str) -> dict[str, int]:
    """Released öre by month."""
    return dict(
        ledger.rows(
            "SELECT strftime(month_end, '%Y-%m'), sum(released_ore)::BIGINT FROM ledger.deferral_schedule"
            " WHERE list_contains(?, sale_id) GROUP BY 1",
            list(invoices),
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


Plans = tuple[Book, dict[str, str]]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """Every plan, and what became of it; the dict names their documents."""
    world, made = new_world(), {}

    def planned(name: str, *days: date, ore: int = 1200000, **given: Any) -> dict[str, Any]:
        invoice = plan(world, ore, *days, **given)
        made[name] = invoice["id"]
        return invoice

    planned("annual", *YEAR)
    planned("leap year", date(2027, 3, 1), date(2028, 3, 1), issued=at(10))
    planned("within the month", date(2026, 3, 1), date(2026, 4, 1))
    planned("begun before", date(2026, 1, 1), date(2027, 1, 1), issued=at(20))
    refunded = planned("refunded", *YEAR)
    made["refund"] = world.refund(world.invoice_charge(refunded), at=at(10, month=5))["id"]
    in_part = planned("refunded in part", *YEAR)
    made["refund in part"] = world.refund(world.invoice_charge(in_part), at=at(30, month=4), amount=375000)["id"]
    cancelled = planned("cancelled", *YEAR)
    # Cancelled on 15 May at noon: Stripe counts by the second, the books by the day.
    world.refund(world.invoice_charge(cancelled), at=at(15, month=5), amount=round(1500000 * 300.5 / 365))
    made["voided"] = voided(world)["id"]
    planned("basic", date(2026, 3, 1), date(2027, 3, 1))
    made["pro"] = upgraded(world)["id"]
    setup = Line(description="Setup", unit_amount=100000, tax_rate=world.tax_rate(percentage=25))
    noted = planned("with a setup", *YEAR, others=(setup,))
    made["note"] = world.credit_note(noted, at=at(20), lines=[(world.lines[noted["id"]][1], 100000)])["id"]
    planned("small", *YEAR, ore=10000)
    planned("short", date(2026, 3, 12), date(2026, 4, 12))
    return book(world, tmp_path_factory.mktemp("plans"), SPRING, deferral="voucher"), made


def voided(world: World) -> dict[str, Any]:
    customer = world.customer(name="Svea Handel AB", country="SE")
    line = Line(
        description="Årsplan", unit_amount=1200000, tax_rate=world.tax_rate(percentage=25),
        period=(moment(YEAR[0]), moment(YEAR[1])),
    )  # fmt: skip
    invoice = world.invoice(at=at(12), customer=customer, lines=[line], collection_method="send_invoice")
    world.void_invoice(invoice, at=at(2, month=4))
    return invoice


UNUSED = round(1200000 * 304 / 365)
"""What is left of the basic plan on the first of May."""


def upgraded(world: World) -> dict[str, Any]:
    rate = world.tax_rate(percentage=25)
    period = (moment(date(2026, 5, 1)), moment(date(2027, 3, 1)))
    customer = world.customer(name="Svea Handel AB", country="SE")
    lines = [
        Line(description="Unused time on Basic", unit_amount=-UNUSED, tax_rate=rate, period=period),
        Line(description="Remaining time on Pro", unit_amount=2 * UNUSED, tax_rate=rate, period=period),
    ]
    upgrade = world.invoice(at=at(1, month=5), customer=customer, lines=lines)
    world.pay_invoice(upgrade, at=at(1, month=5))
    return upgrade


def test_the_roll_forward_ties_to_the_account_at_the_end_of_every_month(plans: Plans) -> None:
    ties(plans[0])


def test_an_annual_plan_is_deferred_and_released_day_by_day(plans: Plans) -> None:
    ledger, invoice = plans[0], plans[1]["annual"]
    assert ledger.entry(f"{invoice}:sale") == {"1510": "15000.00", "2611": "-3000.00", "3001": "-12000.00"}
    assert ledger.entry(f"{invoice}:deferral") == {"2970": "-12000.00", "3099": "12000.00"}
    assert ledger.day(f"{invoice}:deferral") == date(2026, 3, 12)
    assert ledger.entry(f"{invoice}:release:2026-03") == {"2970": "657.53", "3099": "-657.53"}
    assert ledger.entry(f"{invoice}:release:2026-04") == {"2970": "986.31", "3099": "-986.31"}
    assert ledger.day(f"{invoice}:release:2026-04") == date(2026, 4, 30)
    released = schedule(ledger, invoice)
    assert sum(ore for month, ore in released.items() if month < "2027") == 969863
    assert sum(released.values()) == 1200000
    assert not ledger.entry(f"{invoice}:release:2026-07"), "a month that is not covered is the plan only"


def test_a_leap_year_counts_its_day(plans: Plans) -> None:
    ledger, made = plans
    released = schedule(ledger, made["leap year"])
    assert released["2028-02"] == 95082
    assert sum(ore for month, ore in released.items() if month < "2028") == 1003279


def test_nothing_is_deferred_within_the_month_of_the_invoice(plans: Plans) -> None:
    ledger, made = plans
    assert ledger.entry(f"{made['within the month']}:sale")
    assert schedule(ledger, made["within the month"]) == {}


def test_off_by_default(plans: Plans, tmp_path: Path) -> None:
    ledger = plans[0].under(tmp_path / "off")
    assert ledger.accounts()["3001"] != "0.00" and "2970" not in ledger.accounts()
    assert ledger.rows("SELECT count(*) FROM ledger.deferral_schedule") == [(0,)]


def test_days_before_the_invoice_are_income_of_its_month(plans: Plans) -> None:
    ledger, made = plans
    assert schedule(ledger, made["begun before"])["2026-03"] == round(1200000 * 90 / 365)


def test_a_full_refund_empties_the_plan_on_its_day(plans: Plans) -> None:
    ledger, made = plans
    left = 1200000 - 65753 - 98631
    assert ledger.entry(f"{made['refund']}:deferral") == {"2970": f"{left / 100:.2f}", "3099": f"-{left / 100:.2f}"}
    booked = ledger.part(made["refunded"], made["refund"])
    assert (booked["2970"], booked["3001"], booked["3099"]) == ("0.00", "0.00", "0.00")
    assert set(schedule(ledger, made["refunded"])) == {"2026-03", "2026-04"}


def test_a_partial_refund_spreads_the_rest_over_the_days_that_remain(plans: Plans) -> None:
    ledger, made = plans
    refund = made["refund in part"]
    assert ledger.entry(f"{refund}:deferral") == {"2970": "3000.00", "3099": "-3000.00"}
    assert ledger.day(f"{refund}:deferral") == date(2026, 4, 30)
    earned = 65753 + 98631
    released = schedule(ledger, made["refunded in part"])
    assert released["2026-04"] == 98631
    assert released["2026-05"] == round((1200000 - earned - 300000) * 31 / 315)
    assert sum(released.values()) == 900000


def test_a_refund_of_the_unused_time_leaves_nothing_to_release(plans: Plans) -> None:
    ledger, made = plans
    assert ledger.part(made["cancelled"])["2970"] == "0.00"
    assert set(schedule(ledger, made["cancelled"])) == {"2026-03", "2026-04"}


def test_a_void_ends_the_plan(plans: Plans) -> None:
    ledger, made = plans
    assert ledger.entry(f"{made['voided']}:void:deferral") == {"2970": "11342.47", "3099": "-11342.47"}
    assert ledger.part(made["voided"])["2970"] == "0.00"


def test_an_upgrade_takes_the_old_plans_coming_days_back(plans: Plans) -> None:
    ledger, made = plans
    assert ledger.entry(f"{made['pro']}:deferral") == {"2970": f"-{UNUSED / 100:.2f}", "3099": f"{UNUSED / 100:.2f}"}
    released = schedule(ledger, made["basic"], made["pro"])
    assert released["2026-04"] == round(1200000 * 61 / 365) - round(1200000 * 31 / 365)
    assert released["2026-05"] - 2 * round(1200000 * 31 / 365) in (-1, 0, 1)
    assert sum(released.values()) == 1200000 + UNUSED


def test_a_credit_note_for_another_line_leaves_the_plan_alone(plans: Plans) -> None:
    ledger, made = plans
    assert not ledger.entry(f"{made['note']}:deferral")
    assert ledger.entry(f"{made['note']}:credit")["3001"] == "1000.00"
    assert sum(schedule(ledger, made["with a setup"]).values()) == 1200000


def test_small_amounts_and_short_periods_can_be_left_out(plans: Plans, tmp_path: Path) -> None:
    ledger, made = plans
    query = "SELECT sale_id FROM ledger.deferral_plans WHERE list_contains(?, sale_id) ORDER BY sale_id"
    three = [made["small"], made["short"], made["annual"]]
    assert [sale for (sale,) in ledger.rows(query, three)] == sorted(three)
    chosen = ledger.under(tmp_path / "long", deferral="voucher", deferral_from_amount=500, deferral_from_days=60)
    assert chosen.rows(query, three) == [(made["annual"],)]
