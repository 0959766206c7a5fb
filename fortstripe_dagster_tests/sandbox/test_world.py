"""Each thing that can happen on the account, with its consequences on objects, balance and events."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
import simplejson

from fortstripe_dagster.sandbox.stripe.account import total_net
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.sandbox.worlds import everything, march


@pytest.fixture
def world() -> World:
    return World(seed=5, now=march(1))


def moved(world: World, source: StripeObject) -> list[tuple[str, str, int, int, str]]:
    """(type, reporting category, amount, fee, currency) of an object's balance transactions, oldest first."""
    return [
        (row["type"], row["reporting_category"], row["amount"], row["fee"], row["currency"])
        for row in world.all("balance_transaction")
        if row["source"] == source["id"]
    ]


def events(world: World) -> list[str]:
    return [event["type"] for event in world.all("event")]


class TestPayments:
    def test_a_card_payment(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=125000, name="Anna", country="US", description="Order 1")
        assert moved(world, charge) == [("charge", "charge", 125000, 3805, "sek")]
        row = world.get("balance_transaction", charge["balance_transaction"])
        assert (row["net"], row["description"], row["exchange_rate"]) == (121195, "Order 1", None)
        assert [part["type"] for part in row["fee_details"]] == ["stripe_fee"]
        intent = world.get("payment_intent", charge["payment_intent"])
        assert (intent["status"], intent["amount_received"], intent["latest_charge"]) == (
            "succeeded",
            125000,
            charge["id"],
        )
        assert events(world) == [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "charge.updated",
        ]
        shown = [simplejson.loads(event["data"]["object"].encoded_json) for event in world.all("event")]
        assert [thing.get("balance_transaction") for thing in shown] == [None, None, None, row["id"]]

    @pytest.mark.parametrize(
        ("method", "country", "amount", "fee"),
        [
            ("card", "SE", 21875, 508),  # 328.125 + 180
            ("card", "GB", 10000, 430),
            ("card", "NO", 10000, 330),
            ("klarna", "SE", 10000, 479),
            ("swish", "SE", 10050, 281),  # 100.5 is rounded up
        ],
    )
    def test_the_tariff(self, world: World, method: str, country: str, amount: int, fee: int) -> None:
        charge = world.one_off_payment(at=march(2), amount=amount, method=method, country=country)
        assert moved(world, charge)[0][3] == fee
        assert charge["id"].startswith("ch_" if method == "card" else "py_")
        assert moved(world, charge)[0][0] == ("charge" if method == "card" else "payment")

    def test_euros_settled_in_kronor(self, world: World) -> None:
        charge = world.one_off_payment(
            at=march(2), amount=10000, currency="eur", exchange_rate=Decimal("11.10"), fee=3400, country="DE"
        )
        assert (charge["amount"], charge["currency"]) == (10000, "eur")
        assert moved(world, charge) == [("charge", "charge", 111000, 3400, "sek")]
        converted = world.one_off_payment(at=march(2), amount=10000, currency="eur", country="DE")
        row = world.get("balance_transaction", converted["balance_transaction"])
        assert row["amount"] == (10000 * row["exchange_rate"]).to_integral_value()
        assert [part["description"] for part in row["fee_details"]] == [
            "Stripe processing fees",
            "Stripe currency conversion fee",
        ]

    def test_euros_settled_in_euros(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=10000, currency="eur", country="DE", settle_in="eur")
        assert moved(world, charge) == [("charge", "charge", 10000, 175, "eur")]

    def test_a_partial_capture_leaves_no_refund(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=60000, capture=False)
        assert (charge["captured"], charge["balance_transaction"]) == (False, None)
        world.capture(charge, at=march(3), amount=45000, fee=855)
        assert moved(world, charge) == [("charge", "charge", 45000, 855, "sek")]
        assert (charge["amount_captured"], charge["amount_refunded"], world.all("refund")) == (45000, 0, [])
        row = world.get("balance_transaction", charge["balance_transaction"])
        assert (charge["created"], row["created"]) == (int(march(2).timestamp()), int(march(3).timestamp()))

    def test_a_bank_debit_that_bounces(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=9000, method="sepa_debit", status="pending", fee=216)
        assert (charge["status"], charge["paid"]) == ("pending", False)
        world.pending_payment_failed(charge, at=march(6))
        assert moved(world, charge) == [
            ("payment", "charge", 9000, 216, "sek"),
            ("payment_failure_refund", "charge_failure", -9000, 0, "sek"),
        ]
        assert charge["failure_balance_transaction"] and charge["status"] == "failed"

    def test_declined_then_paid_on_the_same_intent(self, world: World) -> None:
        declined = world.failed_payment(at=march(2), amount=5000, name="Anna", code="stolen_card")
        assert moved(world, declined) == []
        paid = world.retry_payment(declined, at=march(2, 13))
        assert paid["payment_intent"] == declined["payment_intent"] and paid["id"] != declined["id"]
        assert paid["billing_details"]["name"] == "Anna"
        intent = world.get("payment_intent", paid["payment_intent"])
        assert (intent["status"], intent["last_payment_error"], intent["latest_charge"]) == (
            "succeeded",
            None,
            paid["id"],
        )


class TestReversals:
    def test_partial_refunds_add_up(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=10000)
        refunds = [world.refund(charge, at=march(day), amount=part) for day, part in ((3, 3333), (4, 3333))]
        assert (charge["amount_refunded"], charge["refunded"]) == (6666, False)
        refunds.append(world.refund(charge, at=march(5)))
        assert (refunds[-1]["amount"], charge["refunded"]) == (3334, True)
        assert [moved(world, refund) for refund in refunds[:1]] == [[("refund", "refund", -3333, 0, "sek")]]
        with pytest.raises(ValueError, match="has 0 left to refund, not 1"):
            world.refund(charge, at=march(6), amount=1)

    def test_a_refund_takes_its_own_days_rate(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=10000, currency="eur", exchange_rate=Decimal("11.10"))
        refund = world.refund(charge, at=march(9), exchange_rate=Decimal("11.18"))
        assert (refund["amount"], refund["currency"]) == (10000, "eur")
        assert moved(world, refund) == [("refund", "refund", -111800, 0, "sek")]

    @pytest.mark.parametrize(("method", "back"), [("card", "refund_failure"), ("klarna", "payment_refund")])
    def test_a_failed_refund_brings_the_money_back(self, world: World, method: str, back: str) -> None:
        charge = world.one_off_payment(at=march(2), amount=10000, method=method)
        refund = world.refund_failed(world.refund(charge, at=march(3)), at=march(9))
        assert [(row[0], row[2]) for row in moved(world, refund)][1] == (back, 10000)
        assert (refund["status"], charge["amount_refunded"], charge["refunded"]) == ("failed", 0, False)
        assert refund["failure_balance_transaction"] != refund["balance_transaction"]

    def test_a_dispute_won_keeps_the_fee_unless_told(self, world: World) -> None:
        charge = world.one_off_payment(at=march(2), amount=125000)
        dispute = world.dispute_opened(charge, at=march(5))
        assert (charge["disputed"], dispute["status"]) == (True, "needs_response")
        world.dispute_won(dispute, at=march(20))
        assert moved(world, dispute) == [
            ("adjustment", "dispute", -125000, 20000, "sek"),
            ("adjustment", "dispute_reversal", 125000, 0, "sek"),
        ]
        assert [row["reporting_category"] for row in dispute["balance_transactions"]] == ["dispute", "dispute_reversal"]
        other = world.dispute_opened(charge, at=march(21), amount=5000, fee=0)
        world.dispute_won(other, at=march(22), fee_returned=15000)
        assert moved(world, other)[1] == ("adjustment", "dispute_reversal", 5000, -15000, "sek")

    def test_a_dispute_lost_moves_nothing_more(self, world: World) -> None:
        dispute = world.dispute_opened(world.one_off_payment(at=march(2), amount=100), at=march(5))
        world.dispute_lost(dispute, at=march(20))
        assert len(moved(world, dispute)) == 1
        assert events(world)[-1] == "charge.dispute.closed"

    def test_an_inquiry_moves_nothing(self, world: World) -> None:
        inquiry = world.inquiry_opened(world.one_off_payment(at=march(2), amount=100), at=march(5))
        world.inquiry_closed(inquiry, at=march(8))
        assert (moved(world, inquiry), inquiry["balance_transactions"], inquiry["status"]) == ([], [], "warning_closed")


class TestPayouts:
    def test_takes_what_is_available_and_no_more(self, world: World) -> None:
        world.one_off_payment(at=march(2), amount=10000, fee=100)
        world.one_off_payment(at=march(3), amount=20000, fee=200)
        payout = world.payout(at=march(4, 5))  # the second is available from the 5th
        assert payout["amount"] == 9900
        assert moved(world, payout) == [("payout", "payout", -9900, 0, "sek")]
        with pytest.raises(ValueError, match="No SEK is available"):
            world.payout(at=march(4, 6))

    def test_arrives_on_a_banking_day(self, world: World) -> None:
        world.topup(at=march(2), amount=100)
        payout = world.payout(at=datetime.fromisoformat("2026-04-02T04:00:00+00:00"))
        assert datetime.fromtimestamp(payout["arrival_date"]).date() == date(2026, 4, 7)  # Easter lies between
        world.payout_paid(payout)
        assert world.now == datetime.fromisoformat("2026-04-07T06:00:00+00:00")
        assert payout["trace_id"]["status"] == "supported"

    @pytest.mark.parametrize(
        ("ends", "type", "status"),
        [("payout_failed", "payout_failure", "failed"), ("payout_canceled", "payout_cancel", "canceled")],
    )
    def test_returned_money_goes_out_with_the_next(self, world: World, ends: str, type: str, status: str) -> None:
        world.topup(at=march(2), amount=5000)
        payout = world.payout(at=march(3))
        getattr(world, ends)(payout, at=march(5))
        assert moved(world, payout)[1] == (type, "payout_reversal", 5000, 0, "sek")
        assert (payout["status"], world.payout(at=march(6))["amount"]) == (status, 5000)

    def test_a_negative_balance_is_collected(self, world: World) -> None:
        world.adjustment(at=march(2), amount=-700)
        payout = world.payout(at=march(3))
        assert (payout["amount"], moved(world, payout)[0][2]) == (-700, 700)

    def test_balances_do_not_mix(self, world: World) -> None:
        world.topup(at=march(2), amount=100)
        world.topup(at=march(2), amount=200, currency="eur")
        world.balance_transaction(at=march(2), type="reserve_hold", amount=300, balance_type="risk_reserved")
        assert world.payout(at=march(3), currency="eur")["amount"] == 200
        assert world.payout(at=march(3))["amount"] == 100

    def test_every_automatic_payout_is_the_sum_of_its_members(self) -> None:
        world = everything()
        automatic = [payout for payout in world.all("payout") if payout["automatic"]]
        assert len(automatic) >= 4
        for payout in automatic:
            members = [world.get("balance_transaction", id) for id in world.payout_members[payout["id"]]]
            assert total_net(members) == 0
            assert {member["currency"] for member in members} == {payout["currency"]}


class TestCustomers:
    def test_a_tax_number_and_where_it_is_kept(self, world: World) -> None:
        firm = world.customer(name="Weber GmbH", country="DE", vat_number="DE123456789", tax_ids=[("de_stn", "12")])
        assert "tax_ids" not in firm
        kept = [(number["type"], number["value"], number["country"]) for number in world.tax_ids[firm["id"]]]
        assert kept == [("eu_vat", "DE123456789", "DE"), ("de_stn", "12", "DE")]

    def test_changes_only_known_fields(self, world: World) -> None:
        anna = world.customer(name="Anna")
        world.update_customer(anna, at=march(2), name="Anna Ek")
        assert anna["name"] == "Anna Ek"
        with pytest.raises(TypeError, match="A customer has no field nome"):
            world.update_customer(anna, at=march(2), nome="Anna")

    def test_deleted(self, world: World) -> None:
        anna = world.customer(name="Anna")
        charge = world.one_off_payment(at=march(2), amount=100, customer=anna)
        world.delete_customer(anna, at=march(3))
        assert world.get("customer", charge["customer"])["deleted"] is True
        assert charge["billing_details"]["name"] == "Anna"


def test_other_currencies_settle_by_the_cross_rate() -> None:
    world = World(seed=5, now=march(1), currency="eur")
    charge = world.one_off_payment(at=march(2), amount=10000, currency="usd", country="US")
    row = world.get("balance_transaction", charge["balance_transaction"])
    assert row["currency"] == "eur"
    assert Decimal("0.85") < row["exchange_rate"] < Decimal("0.99")


class TestClockAndIds:
    def test_the_clock_only_moves_forward(self, world: World) -> None:
        world.topup(at=march(9), amount=100)
        world.topup(at=march(5), amount=100)
        assert world.now == march(9)
        assert [topup["created"] for topup in world.all("topup")] == [int(march(day).timestamp()) for day in (5, 9)]

    def test_moments_need_a_zone(self, world: World) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            world.topup(at=datetime(2026, 3, 2), amount=100)
        with pytest.raises(ValueError, match="no time zone"):
            World(now=datetime(2026, 3, 1))

    def test_equal_seeds_give_equal_ids_and_others_other_ones(self) -> None:
        def ids(seed: int) -> list[str]:
            world = World(seed=seed, now=march(1))
            return [world.one_off_payment(at=march(2), amount=100)["id"] for _ in range(3)]

        assert ids(1) == ids(1)
        assert not set(ids(1)) & set(ids(2))

    def test_unknown_types_are_their_own_category(self, world: World) -> None:
        row = world.balance_transaction(at=march(2), type="quantum_leap", amount=-42, fee=7)
        assert (row["reporting_category"], row["net"], row["source"]) == ("quantum_leap", -49, None)
