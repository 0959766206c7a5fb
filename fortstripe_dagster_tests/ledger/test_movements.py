"""Balance transactions that are no sales: fees, payouts, disputes, top-ups, and what nobody knows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from fortstripe_dagster.ledger import checks
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

NIGHT = {
    datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC): date(2026, 3, 28),
    datetime(2026, 3, 28, 23, 0, tzinfo=UTC): date(2026, 3, 29),
    datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC): date(2026, 3, 29),
    datetime(2026, 3, 29, 22, 0, tzinfo=UTC): date(2026, 3, 30),
}
"""Around the night the clock changes, and the local day of each moment."""


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, Any]]:
    """One world with a movement of each kind; the dict names them."""
    world, made = new_world(), {}
    for day in (2, 3, 4):
        world.one_off_payment(at=at(day), amount=125000, name="Anna", fee=3805)
    made["pending"] = world.one_off_payment(
        at=at(4, 13), amount=30000, name="Bo", method="sepa_debit", status="pending"
    )
    world.pending_payment_failed(made["pending"], at=at(6))
    won = world.one_off_payment(at=at(4, 14), amount=40000, name="Bo")
    made["won"] = world.dispute_opened(won, at=at(5), fee=20000)
    world.dispute_won(made["won"], at=at(20))
    made["billing"] = world.stripe_fee(at=at(9), amount=10000)["id"]
    made["radar"] = world.stripe_fee(at=at(9, 14), amount=501, description="Radar (2026-03-01)")["id"]
    made["scheme"] = world.stripe_fee(at=at(9, 15), amount=300, description="Card scheme update fee")["id"]
    made["topup"] = world.topup(at=at(10), amount=100000)
    made["adjustment"] = world.adjustment(at=at(10, 13), amount=-1500)["id"]
    made["unknown"] = world.balance_transaction(at=at(10, 14), type="quantum_leap", amount=-700)["id"]
    made["arrives"] = world.payout(at=at(12))
    world.payout_paid(made["arrives"])
    world.one_off_payment(at=at(12, 15), amount=99900, name="Anna")
    made["comes back"] = world.payout(at=at(18), amount=50000)
    world.payout_paid(made["comes back"])
    world.payout_failed(made["comes back"], at=at(25))
    made["stopped"] = world.payout(at=at(19), amount=50000)
    world.payout_failed(made["stopped"], at=at(26))
    for moment in NIGHT:
        made[moment.isoformat()] = world.one_off_payment(at=moment, amount=10000, name="Anna")["id"]
    made["on its way"] = world.payout(at=at(31, 9), amount=10000)
    return book(world, tmp_path_factory.mktemp("moved"), processing_fee_vat="reverse_charge"), made


def entry_of(ledger: Book, source: str, kind: str) -> str:
    return ledger.rows("SELECT entry_id FROM ledger.entries WHERE source = ? AND kind = ?", source, kind)[0][0]


def test_fees_under_reverse_charge_have_vat_on_the_days_sum_of_their_class(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    assert ledger.entry("fee_vat:2026-03-02:SEK:processing") == {"2614": "-9.51", "2645": "9.51"}
    assert ledger.entry(made["billing"]) == {"1686": "-100.00", "6571": "100.00"}
    assert ledger.entry(made["radar"]) == {"1686": "-5.01", "6571": "5.01"}
    assert ledger.entry(made["scheme"]) == {"1686": "-3.00", "6571": "3.00"}
    assert ledger.entry("fee_vat:2026-03-09:SEK:software") == {"2614": "-26.25", "2645": "26.25"}


def test_a_payout_goes_through_transit_and_arrives_on_its_arrival_date(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    payout = made["arrives"]
    amount = f"{payout['amount'] / 100:.2f}"
    created = entry_of(ledger, payout["id"], "payout")
    assert ledger.entry(created) == {"1686": f"-{amount}", "1689": amount}
    assert ledger.entry(f"{payout['id']}:arrived") == {"1689": f"-{amount}", "1930": amount}
    assert ledger.day(f"{payout['id']}:arrived") == datetime.fromtimestamp(payout["arrival_date"], UTC).date()


def test_a_payout_that_came_back_leaves_nothing_on_transit_or_bank(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    payout = made["comes back"]["id"]
    entries = [row[0] for row in ledger.rows("SELECT entry_id FROM ledger.entries WHERE source = ?", payout)]
    assert ledger.together(*entries) == {}
    assert ledger.day(f"{payout}:arrived") == date(2026, 3, 19)
    assert ledger.entry(f"{payout}:arrived") == {"1689": "-500.00", "1930": "500.00"}
    assert ledger.day(f"{payout}:returned") == date(2026, 3, 25)
    assert ledger.day(entry_of(ledger, payout, "payout_failed")) == date(2026, 3, 25)


def test_a_payout_on_its_way_stays_on_transit(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, _ = moved
    assert ledger.accounts()["1689"] == "100.00"


def test_a_dispute_that_was_won_gives_the_amount_back_and_keeps_the_fee(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    dispute = made["won"]["id"]
    opened, won = entry_of(ledger, dispute, "dispute"), entry_of(ledger, dispute, "dispute_won")
    assert ledger.together(opened, won) == {}
    assert ledger.entry(f"{opened}:fee")["6571"] == "200.00"


def test_a_pending_payment_that_failed_opens_the_receivable_again(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    (failed,) = ledger.rows("SELECT entry_id FROM ledger.entries WHERE kind = 'payment_failed'")[0]
    assert ledger.entry(failed) == {"1510": "300.00", "1686": "-300.00"}
    assert ledger.entry(f"{made['pending']['id']}:sale")["3001"] == "-240.00"


def test_a_top_up_comes_from_the_bank(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    received = entry_of(ledger, made["topup"]["id"], "topup")
    sent = entry_of(ledger, made["topup"]["id"], "topup_sent")
    assert ledger.together(received, sent) == {"1686": "1000.00", "1930": "-1000.00"}


def test_what_nobody_knows_waits_on_suspense_with_an_alert(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    assert ledger.entry(made["adjustment"]) == {"1686": "-15.00", "2999": "15.00"}
    assert ledger.entry(made["unknown"]) == {"1686": "-7.00", "2999": "7.00"}
    alerts = {alert.entry_id: alert.text for alert in ledger.report.alerts}
    assert "unknown balance transaction type quantum_leap" in alerts[made["unknown"]]
    with ledger.sql() as connection:
        assert [found[0] for found in checks.unknown_types(connection)] == [made["unknown"]]


def test_clearing_is_the_sum_of_net_every_day(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, _ = moved
    assert not ledger.rows(
        """
        SELECT day FROM (SELECT day, sum(net) AS net FROM stripe.balance_transactions GROUP BY 1) b
        FULL JOIN (SELECT event_day AS day, sum(amount_currency) AS net FROM ledger.lines
                   WHERE account = '1686' GROUP BY 1) l USING (day)
        WHERE b.net IS DISTINCT FROM l.net
        """
    )


@pytest.mark.parametrize(("moment", "day"), NIGHT.items())
def test_the_night_the_clock_changes_has_its_own_bounds(
    moved: tuple[Book, dict[str, Any]], moment: datetime, day: date
) -> None:
    ledger, made = moved
    assert ledger.day(f"{made[moment.isoformat()]}:sale") == day


def test_a_payout_that_stripe_never_called_paid_never_arrived(moved: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = moved
    payout = made["stopped"]["id"]
    kinds = "SELECT kind FROM ledger.entries WHERE source = ? ORDER BY kind"
    assert ledger.rows(kinds, payout) == [("payout",), ("payout_failed",)]
    assert "1930" not in ledger.part(payout)
