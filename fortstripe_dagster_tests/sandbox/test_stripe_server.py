"""The Stripe stand-in over real HTTP: paging, filters, expansion, hiding, change over time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stripe

from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.account import total_net
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.sandbox.stripe_client import Client, unlimited
from fortstripe_dagster_tests.sandbox.worlds import everything, march


@pytest.fixture(scope="module")
def world() -> World:
    return everything()


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[Client]:
    with serve(stripe_app(world, rate_limits=unlimited())) as server:
        yield Client(server.url)


class TestPages:
    def test_ten_newest_first_by_default(self, client: Client) -> None:
        page = client.body("/v1/charges")
        created = [charge["created"] for charge in page["data"]]
        assert len(created) == 10
        assert created == sorted(created, reverse=True)
        assert (page["object"], page["url"], page["has_more"]) == ("list", "/v1/charges", True)

    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_walking_older_sees_everything_once_also_within_one_second(
        self, client: Client, world: World, limit: int
    ) -> None:
        walked = [charge["id"] for charge in client.all("/v1/charges", limit=limit)]
        assert walked == [charge["id"] for charge in reversed(world.all("charge"))]

    def test_ending_before_gives_the_page_just_newer(self, client: Client) -> None:
        ids = client.ids("/v1/charges?limit=9")
        page = client.body(f"/v1/charges?limit=3&ending_before={ids[8]}")
        assert [charge["id"] for charge in page["data"]] == ids[5:8]
        assert page["has_more"]
        page = client.body(f"/v1/charges?limit=3&ending_before={ids[3]}")
        assert [charge["id"] for charge in page["data"]] == ids[:3]
        assert not page["has_more"]

    def test_created_bounds(self, client: Client, world: World) -> None:
        day = int(march(4).timestamp())
        every = [(refund["created"], refund["id"]) for refund in reversed(world.all("refund"))]
        assert {when for when, _ in every} > {day}
        for query, keeps in (
            (f"created[gte]={day}", lambda when: when >= day),
            (f"created[gt]={day}", lambda when: when > day),
            (f"created[lte]={day}", lambda when: when <= day),
            (f"created[lt]={day + 1}", lambda when: when <= day),
            (f"created[gte]={day}&created[lt]={day + 1}", lambda when: when == day),
            (f"created={day}", lambda when: when == day),
        ):
            wanted = [id for when, id in every if keeps(when)]
            assert client.ids(f"/v1/refunds?limit=100&{query}") == wanted, query

    def test_a_cursor_may_lie_outside_the_created_bounds(self, client: Client, world: World) -> None:
        newest = world.all("balance_transaction")[-1]["id"]
        until = int(march(5).timestamp())
        ids = client.ids(f"/v1/balance_transactions?limit=100&created[lt]={until}&starting_after={newest}")
        assert ids == client.ids(f"/v1/balance_transactions?limit=100&created[lt]={until}")

    def test_the_official_client_walks_it(self, client: Client, world: World) -> None:
        official = stripe.StripeClient("rk_test_sandbox", base_addresses={"api": client.url})
        walked = [thing.id for thing in official.v1.balance_transactions.list({"limit": 7}).auto_paging_iter()]
        assert sorted(walked) == sorted(thing["id"] for thing in world.all("balance_transaction"))


class TestFilters:
    def test_by_fields(self, client: Client, world: World) -> None:
        anna = world.all("customer")[0]["id"]
        checks = {
            f"charges?customer={anna}": lambda thing: thing["customer"] == anna,
            "balance_transactions?type=adjustment&currency=sek": lambda thing: (
                (thing["type"], thing["currency"]) == ("adjustment", "sek")
            ),
            "payouts?status=canceled": lambda thing: thing["status"] == "canceled",
            "invoices?status=open": lambda thing: thing["status"] == "open",
            "invoice_payments?payment[type]=payment_record": lambda thing: thing["payment"]["type"] == "payment_record",
            "prices?recurring[interval]=year": lambda thing: thing["recurring"]["interval"] == "year",
            "products?active=true&shippable=true": lambda thing: thing["shippable"],
            "events?types[]=payout.paid&types[]=payout.failed": lambda thing: (
                thing["type"] in ("payout.paid", "payout.failed")
            ),
            "events?type=invoice.*": lambda thing: thing["type"].startswith("invoice."),
        }
        for path, wanted in checks.items():
            things = client.all(f"/v1/{path}")
            assert things, path
            assert all(wanted(thing) for thing in things), path
        assert len(client.all(f"/v1/charges?customer={anna}")) < len(client.all("/v1/charges"))

    def test_a_payouts_transactions_are_what_it_paid(self, client: Client, world: World) -> None:
        for payout in client.all("/v1/payouts"):
            if payout["reconciliation_status"] == "completed":
                members = client.all(f"/v1/balance_transactions?payout={payout['id']}")
                own = [member for member in members if member["id"] == payout["balance_transaction"]]
                others = [member for member in members if member["id"] != payout["balance_transaction"]]
                assert [-member["net"] for member in own] == [payout["amount"]]
                assert total_net(others) == payout["amount"]

    def test_the_money_of_a_failed_payout_is_in_the_next(self, client: Client, world: World) -> None:
        failed = next(payout for payout in client.all("/v1/payouts") if payout["status"] == "failed")
        later = [
            payout["id"]
            for payout in client.all("/v1/payouts")
            if payout["created"] > failed["created"] and payout["reconciliation_status"] == "completed"
        ]
        members = [row["id"] for id in later for row in client.all(f"/v1/balance_transactions?payout={id}")]
        assert failed["failure_balance_transaction"] in members

    def test_manual_payouts_have_no_members_and_unreconciled_ones_only_themselves(
        self, client: Client, world: World
    ) -> None:
        by_status = {payout["reconciliation_status"]: payout for payout in client.all("/v1/payouts")}
        manual, unfinished = by_status["not_applicable"], by_status["in_progress"]
        assert "not manual" in client.error(f"/v1/balance_transactions?payout={manual['id']}", 400)["message"]
        assert client.ids(f"/v1/balance_transactions?payout={unfinished['id']}") == [unfinished["balance_transaction"]]
        assert len(world.payout_members[unfinished["id"]]) > 1

    def test_what_lists_hide_by_default(self, client: Client, world: World) -> None:
        def hidden(path: str, query: str) -> set[str]:
            shown = {thing["id"] for thing in client.all(f"/v1/{path}")}
            return {thing["id"] for thing in client.all(f"/v1/{path}?{query}")} - shown

        assert hidden("prices", "active=false") == {t["id"] for t in world.all("price") if not t["active"]}
        assert hidden("tax_rates", "active=false") == {t["id"] for t in world.all("tax_rate") if not t["active"]}
        ended = {t["id"] for t in world.all("subscription") if t["status"] == "canceled"}
        assert hidden("subscriptions", "status=all") == hidden("subscriptions", "status=ended") == ended != set()
        gone = {t["id"] for t in world.all("customer") if t.get("deleted")}
        assert gone
        assert not gone & {t["id"] for t in client.all("/v1/customers")}

    def test_a_deleted_customer_can_be_retrieved_as_such(self, client: Client, world: World) -> None:
        gone = next(thing["id"] for thing in world.all("customer") if thing.get("deleted"))
        assert client.body(f"/v1/customers/{gone}") == {"id": gone, "object": "customer", "deleted": True}


class TestRowsOfADocument:
    def test_ten_lines_inline_and_all_by_paging(self, client: Client, world: World) -> None:
        long = next(thing for thing in client.all("/v1/invoices") if thing["lines"]["has_more"])
        assert len(long["lines"]["data"]) == 10
        rows = client.all(f"/v1/invoices/{long['id']}/lines", limit=5)
        assert [row["id"] for row in rows] == [row["id"] for row in world.lines[long["id"]]]
        assert len(rows) == 12
        back = client.body(f"/v1/invoices/{long['id']}/lines?limit=2&ending_before={rows[3]['id']}")
        assert [row["id"] for row in back["data"]] == [row["id"] for row in rows[1:3]]
        assert back["has_more"]

    def test_credit_note_lines_and_tax_ids(self, client: Client) -> None:
        note = client.body("/v1/credit_notes")["data"][0]
        assert client.all(f"/v1/credit_notes/{note['id']}/lines") == note["lines"]["data"]
        german = next(thing for thing in client.all("/v1/customers") if thing["tax_exempt"] == "reverse")
        assert [number["value"] for number in client.all(f"/v1/customers/{german['id']}/tax_ids")] == ["DE123456789"]


class TestExpand:
    def test_source_opens_every_type(self, client: Client) -> None:
        rows = client.all("/v1/balance_transactions?expand[]=data.source")
        kinds = {row["source"]["object"] for row in rows if row["source"]}
        assert kinds == {
            "charge", "refund", "dispute", "payout", "topup",
            "transfer", "transfer_reversal", "application_fee", "fee_refund",
        }  # fmt: skip
        plain = client.body(f"/v1/balance_transactions/{rows[-1]['id']}")
        assert plain["source"] == rows[-1]["source"]["id"]

    def test_lists_that_are_absent_until_asked_for(self, client: Client, world: World) -> None:
        refunded = world.all("refund")[0]["charge"]
        assert "refunds" not in client.body(f"/v1/charges/{refunded}")
        opened = client.body(f"/v1/charges/{refunded}?expand[]=refunds.data.balance_transaction")
        assert [refund["balance_transaction"]["type"] for refund in opened["refunds"]["data"]] == ["refund"]
        assert "tax_ids" not in client.body("/v1/customers")["data"][0]
        numbers = [
            number["value"]
            for customer in client.body("/v1/customers?expand[]=data.tax_ids")["data"]
            for number in customer["tax_ids"]["data"]
        ]
        assert numbers == ["DE123456789", "SE556677889901"]
        invoice = client.body("/v1/invoices?status=paid&limit=1&expand[]=data.payments")["data"][0]
        assert [payment["invoice"] for payment in invoice["payments"]["data"]] == [invoice["id"]]

    def test_through_lists_and_several_steps(self, client: Client) -> None:
        opened = client.body("/v1/invoice_payments?status=paid&expand[]=data.payment.payment_intent.latest_charge")
        intents = [row["payment"]["payment_intent"] for row in opened["data"] if "payment_intent" in row["payment"]]
        assert {intent["latest_charge"]["object"] for intent in intents} == {"charge"}
        note = client.body("/v1/credit_notes?expand[]=data.refunds.refund&expand[]=data.invoice")["data"][0]
        assert note["refunds"][0]["refund"]["object"] == "refund"
        assert note["invoice"]["object"] == "invoice"
        assert isinstance(client.body("/v1/credit_notes")["data"][0]["refunds"][0]["refund"], str)

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("/v1/charges?expand[]=customer", "This property cannot be expanded (customer). You may want to try "),
            ("/v1/charges?expand[]=data.invoice", "This property cannot be expanded (data.invoice)."),
            ("/v1/charges?expand[]=data", "This property cannot be expanded (data)."),
            ("/v1/invoices?expand[]=data.payments.data.payment.payment_intent", "You cannot expand more than 4 levels"),
        ],
    )
    def test_refuses_what_stripe_refuses(self, client: Client, path: str, message: str) -> None:
        assert client.error(path, 400)["message"].startswith(message)


class TestTime:
    def test_changes_show_at_once_and_events_keep_what_was(self) -> None:
        world = World(seed=3, now=march(2))
        charge = world.one_off_payment(at=march(2), amount=10000)
        with serve(stripe_app(world)) as server:
            client = Client(server.url)
            assert client.body(f"/v1/charges/{charge['id']}")["amount_refunded"] == 0
            world.refund(charge, at=march(3), amount=4000)
            assert client.body(f"/v1/charges/{charge['id']}")["amount_refunded"] == 4000
            assert client.body("/v1/events?type=charge.succeeded")["data"][0]["data"]["object"]["amount_refunded"] == 0

    def test_money_becomes_available_by_the_clock(self) -> None:
        world = World(seed=3, now=march(2))
        charge = world.one_off_payment(at=march(2), amount=10000, fee=330)
        path = f"/v1/balance_transactions/{charge['balance_transaction']}"
        with serve(stripe_app(world)) as server:
            client = Client(server.url)
            assert client.body(path)["status"] == "pending"
            assert [row["amount"] for row in client.body("/v1/balance")["pending"]] == [9670]
            world.at(march(4))
            assert client.body(path)["status"] == "available"
            assert [row["amount"] for row in client.body("/v1/balance")["available"]] == [9670]

    def test_events_live_thirty_days(self) -> None:
        world = World(seed=3, now=march(2))
        world.one_off_payment(at=march(2), amount=10000)
        with serve(stripe_app(world)) as server:
            client = Client(server.url)
            first = client.body("/v1/events?type=charge.succeeded")["data"][0]["id"]
            world.topup(at=march(31, 23), amount=100)
            assert client.body(f"/v1/events/{first}")["id"] == first
            world.at(march(2 + 29, 23, 59))
            world.topup(at=march(31, 23, 59), amount=100)
            later = march(31, 23) + (march(3) - march(2))
            world.at(later)
            assert {event["type"] for event in client.all("/v1/events")} == {"topup.created", "topup.succeeded"}
            assert client.error(f"/v1/events/{first}", 404)["code"] == "resource_missing"

    def test_the_balance_is_the_sum_of_net(self, client: Client, world: World) -> None:
        body = client.body("/v1/balance")
        shown: dict[str, int] = {}
        for row in body["available"] + body["pending"]:
            shown[row["currency"]] = shown.get(row["currency"], 0) + row["amount"]
        summed: dict[str, int] = {}
        for row in client.all("/v1/balance_transactions"):
            summed[row["currency"]] = summed.get(row["currency"], 0) + row["net"]
        assert shown == summed


def test_rates_keep_all_their_digits(client: Client, world: World) -> None:
    odd = world.one_off_payment(
        at=world.now, amount=10000, currency="eur", exchange_rate=Decimal("11.123456789012345678")
    )
    row = client.body(f"/v1/balance_transactions/{odd['balance_transaction']}")
    assert (row["exchange_rate"], row["amount"], row["currency"]) == (Decimal("11.123456789012345678"), 111235, "sek")
