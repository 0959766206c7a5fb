"""Lists over HTTP: substring search, filters, pages, and what is seen when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster_tests.sandbox.fortnox_api import Api, row


def numbers(api: Api, **query: object) -> list[str]:
    return [invoice["DocumentNumber"] for invoice in api.get("invoices", **query)["Invoices"]]


def test_a_reference_is_found_as_a_part_of_another(api: Api) -> None:
    customer = api.customer()
    for reference in ("ch_1", "ch_12", "CH_13", "re_1"):
        api.invoice(CustomerNumber=customer, ExternalInvoiceReference1=reference)
    assert numbers(api, externalinvoicereference1="ch_1") == ["1", "2", "3"]
    assert numbers(api, externalinvoicereference1="nothing") == []
    assert numbers(api, externalinvoicereference2="ch_1") == []


def test_states_are_told_apart(api: Api) -> None:
    customer = api.customer()
    draft, cancelled, unpaid, paid = (
        api.invoice(row(100), CustomerNumber=customer, InvoiceDate="2026-01-01")["DocumentNumber"] for _ in range(4)
    )
    api.put(f"invoices/{cancelled}/cancel")
    api.put(f"invoices/{unpaid}/bookkeep")
    api.put(f"invoices/{paid}/bookkeep")
    api.pay(paid, 125, PaymentDate="2026-02-01")
    assert numbers(api, filter="unbooked") == [draft]
    assert numbers(api, filter="cancelled") == [cancelled]
    assert numbers(api, filter="unpaidoverdue") == [draft, unpaid]
    assert numbers(api, filter="fullypaid") == [paid]
    assert numbers(api, fromfinalpaydate="2026-02-01", tofinalpaydate="2026-02-28") == [paid]
    assert api.refused("GET", "invoices", filter="strange") == refusals.INVALID_FILTER


def test_filters_combine(api: Api) -> None:
    anna, bo = api.customer(Name="Anna"), api.customer(Name="Bo")
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        api.invoice(CustomerNumber=anna, InvoiceDate=day)
        api.invoice(row(1, AccountNumber=3002, vat=12), CustomerNumber=bo, InvoiceDate=day)
    assert numbers(api, customername="anna", fromdate="2026-03-02", todate="2026-03-02") == ["3"]
    assert numbers(api, accountnumberfrom=3002, accountnumberto=3002) == ["2", "4", "6"]
    assert numbers(api, sortby="invoicedate", sortorder="descending", limit=1) == ["6"]
    assert numbers(api, financialyear=1) == []


def test_a_list_comes_in_pages(api: Api) -> None:
    for _ in range(7):
        api.customer()
    page = api.get("customers", limit=3, page=3)
    assert [item["CustomerNumber"] for item in page["Customers"]] == ["7"]
    assert page["MetaInformation"] == {"@TotalResources": 7, "@TotalPages": 3, "@CurrentPage": 3}
    offset = api.get("customers", limit=3, offset=2)["Customers"]
    assert [item["CustomerNumber"] for item in offset] == ["3", "4", "5"]
    assert api.get("customers", limit=3, page=9)["Customers"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 501},
        {"limit": 0},
        {"page": 0},
        {"page": "one"},
        {"offset": -1},
        {"sortby": "shoe"},
        {"sortorder": "up"},
        {"shoesize": 1},
        {"Name": "A"},
        {"lastmodified": "yesterday"},
    ],
)
def test_an_unknown_parameter_or_value_is_refused(api: Api, query: dict[str, Any]) -> None:
    api.customer()
    assert api.refused("GET", "customers", **query) == refusals.INVALID_PARAMETER


def test_lastmodified_finds_what_changed_since(api: Api) -> None:
    first, second = api.customer(), api.customer()
    api.clock.now += timedelta(minutes=10)
    api.put(f"customers/{second}", {"Customer": {"City": "Umeå"}})
    found = api.get("customers", lastmodified="2026-03-14 12:05")["Customers"]
    assert [item["CustomerNumber"] for item in found] == [second] != [first]


def test_a_list_may_lag_behind_the_writes(fortnox: Callable[..., Api]) -> None:
    api = fortnox(faults=Faults(list_lag=5))
    number = api.invoice(ExternalInvoiceReference1="ch_1")["DocumentNumber"]
    api.voucher()
    assert numbers(api, externalinvoicereference1="ch_1") == []
    assert api.get("vouchers", financialyear=2)["Vouchers"] == []
    assert api.get(f"invoices/{number}")["Invoice"]["ExternalInvoiceReference1"] == "ch_1"
    api.clock.now += timedelta(seconds=5)
    assert numbers(api, externalinvoicereference1="ch_1") == [number]


def test_customers_are_found_by_every_filter(api: Api) -> None:
    api.customer(Name="Anna", Email="anna@example.se", City="Umeå", ZipCode="90326", Phone1="070-1", Active=False)
    api.customer(Name="Bo", OrganisationNumber="5566778899")
    for query in (
        {"name": "ANN"},
        {"email": "anna@"},
        {"city": "umeå"},
        {"zipcode": "903"},
        {"phone": "070"},
        {"filter": "inactive"},
        {"city": "Um", "zipcode": "90"},
    ):
        assert [item["Name"] for item in api.get("customers", **query)["Customers"]] == ["Anna"], query
    assert [item["Name"] for item in api.get("customers", organisationnumber="5566778899")["Customers"]] == ["Bo"]
