"""Everything the Stripe stand-in serves fits the schema of the pinned version, and so do the parameters it takes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fortstripe_dagster.sandbox.merchant import Merchant
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.expandable import EXPANDABLE, NOT_KEPT, Reference
from fortstripe_dagster.sandbox.stripe.listing import PAGING
from fortstripe_dagster.sandbox.stripe.resources import RESOURCES
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.sublists import SUBLISTS
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.sandbox.stripe_client import Client, unlimited
from fortstripe_dagster_tests.sandbox.stripe_schema import Validator, needs_schema, schema
from fortstripe_dagster_tests.sandbox.worlds import everything, march

pytestmark = needs_schema

ALSO = {
    "subscriptions": ["status=all"],
    "prices": ["", "active=false"],
    "tax_rates": ["", "active=false"],
    "charges": ["", "expand[]=data.refunds&expand[]=data.balance_transaction"],
    "customers": ["", "expand[]=data.tax_ids&expand[]=data.subscriptions"],
    "invoices": ["", "expand[]=data.payments&expand[]=data.discounts&expand[]=data.customer"],
    "balance_transactions": ["", "expand[]=data.source"],
    "checkout/sessions": ["", "expand[]=data.line_items"],
}
"""Path -> query strings that show all its objects in all their forms."""


@pytest.mark.parametrize("make", [everything, Merchant(payments=120, rare=True).world], ids=["by hand", "merchant"])
def test_every_object_served_fits_the_schema(make: Callable[[], World]) -> None:
    world = make()
    faults: list[str] = []
    objects = schema()["objects"]
    with serve(stripe_app(world, rate_limits=unlimited())) as server:
        client = Client(server.url)
        for path in RESOURCES:
            for query in ALSO.get(path, [""]):
                things = client.all(f"/v1/{path}?{query}")
                assert things or make is not everything, f"{path} {query}: nothing to look at"
                for thing in things:
                    unknown_type = thing.get("type") == "quantum_leap"
                    faults += Validator(objects, open_enums=not unknown_type).check(thing)
        faults += Validator(objects).check(client.body("/v1/account"))
        faults += Validator(objects).check(client.body("/v1/balance"))
    assert faults == []


def test_every_row_of_a_list_inside_an_object_fits_the_schema() -> None:
    world, objects = everything(), schema()["objects"]
    faults: list[str] = []
    with serve(stripe_app(world, rate_limits=unlimited())) as server:
        client = Client(server.url)
        for (parent, name), sublist in SUBLISTS.items():
            found = 0
            for thing in world.all(RESOURCES[parent].kind):
                if thing.get("deleted"):
                    continue
                for row in client.all(f"/v1/{parent}/{thing['id']}/{name}"):
                    found += 1
                    faults += Validator(objects).check(row)
                    if sublist.retrievable:
                        assert client.body(f"/v1/{parent}/{thing['id']}/{name}/{row['id']}") == row
            assert found, (parent, name)
    assert faults == []


def test_a_report_and_its_run_fit_the_schema_and_say_what_moved() -> None:
    world = World(now=march(1), livemode=True)
    world.one_off_payment(at=march(2), amount=10_000)
    world.payout(at=march(12))
    world.at(march(20))
    objects = schema()["objects"]
    with serve(stripe_app(world, rate_limits=unlimited())) as server:
        client = Client(server.url)
        for kind in client.body("/v1/reporting/report_types")["data"]:
            assert Validator(objects).check(kind) == []
        interval = {"interval_start": int(march(1).timestamp()), "interval_end": int(march(19).timestamp())}
        run = client.post("/v1/reporting/report_runs", report_type="balance.summary.1", parameters=interval)
        assert run["status"] == "pending"
        while run["status"] == "pending":
            run = client.body(f"/v1/reporting/report_runs/{run['id']}")
        assert Validator(objects).check(run) == []
        rows = client.text(f"/v1/files/{run['result']['id']}/contents").splitlines()
    fee = world.all("balance_transaction")[0]["fee"]
    assert rows == [
        "category,description,net_amount,currency",
        "starting_balance,Starting balance,0.00,sek",
        f"activity,Activity,{(10_000 - fee) / 100:.2f},sek",
        f"payouts,Payouts,-{(10_000 - fee) / 100:.2f},sek",
        "ending_balance,Ending balance,0.00,sek",
    ]


def test_the_validator_finds_what_is_wrong() -> None:
    objects = schema()["objects"]
    charge = copy.deepcopy(World(now=march(1)).one_off_payment(at=march(1), amount=100))
    assert Validator(objects).check(charge) == []
    damages: list[dict[str, Any]] = [
        {"invoice": None},
        {"amount": "100"},
        {"paid": 1},
        {"status": "excellent"},
        {"currency": None},
        {"billing_details": {"colour": "blue"}},
        {"refunds": []},
    ]
    for damage in damages:
        assert Validator(objects).check(charge | damage), damage
    del charge["disputed"]
    assert Validator(objects).check(charge) == [f"charge {charge['id']}.disputed: missing"]


@pytest.mark.parametrize("kind", EXPANDABLE)
def test_expands_every_field_that_stripe_expands(kind: str) -> None:
    fields = schema()["objects"][kind]["fields"]
    official = {name for name, field in fields.items() if field.get("expandable")}
    own = {dotted for dotted in EXPANDABLE[kind] if "." not in dotted} | NOT_KEPT.get(kind, set())
    assert official <= own
    hidden_or_embedded = {name for name in own - official if not isinstance(EXPANDABLE[kind][name], Reference)}
    assert own - official == hidden_or_embedded


@pytest.mark.parametrize("path", RESOURCES)
def test_lists_take_exactly_the_official_parameters(path: str) -> None:
    resource = RESOURCES[path]
    assert resource.parameters == set(schema()["list_params"][f"{resource.kind}_list_params"])


OFFICIAL = {
    ("invoices", "lines"): "invoice_line_item",
    ("credit_notes", "lines"): "credit_note_line_item",
    ("checkout/sessions", "line_items"): "checkout.session_line_item",
    ("customers", "tax_ids"): "customer_tax_id",
    ("customers", "balance_transactions"): "customer_balance_transaction",
    ("transfers", "reversals"): "transfer_reversal",
    ("application_fees", "refunds"): "application_fee_refund",
}


@pytest.mark.parametrize("key", SUBLISTS, ids="/".join)
def test_lists_inside_an_object_take_exactly_the_official_parameters(key: tuple[str, str]) -> None:
    assert set(schema()["list_params"][f"{OFFICIAL[key]}_list_params"]) == PAGING | set(SUBLISTS[key].filters)
