"""Answers have the fields, and the types of fields, that recorded answers of the real API have."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import simplejson
import yaml

from fortstripe_dagster_tests.sandbox.fortnox_api import Api

RECORDED = Path(__file__).parents[2] / "../shared/specs/fortnox-recorded-responses"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not beside this checkout")

ADDRESSES = {"@url", "@urlTaxReductionList"}


def recorded(name: str) -> tuple[int, Any]:
    """Status and parsed body of a recorded answer."""
    interaction = yaml.safe_load((RECORDED / f"{name}.yml").read_text("utf-8"))["http_interactions"][0]["response"]
    return interaction["status"]["code"], simplejson.loads(interaction["body"]["string"], use_decimal=True)


def same(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two values differ, except for addresses."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        both = ours.keys() & theirs.keys()
        missing = [f"{path}/{key} only in one" for key in ours.keys() ^ theirs.keys()]
        return missing + [line for key in sorted(both) for line in same(ours[key], theirs[key], f"{path}/{key}")]
    if path.rsplit("/", 1)[-1] in ADDRESSES:
        ours, theirs = (re.sub(r"^https?://[^/]+", "", str(value)) for value in (ours, theirs))
    return [] if type(ours) is type(theirs) and ours == theirs else [f"{path}: {ours!r} instead of {theirs!r}"]


def nineteen_customers(api: Api) -> str:
    for _ in range(5):
        api.customer()
    return "6"


def test_a_new_customer(api: Api) -> None:
    for _ in range(5):
        api.customer()
    status, theirs = recorded("customers_save_new")
    answer = api.send("POST", "customers", {"Customer": {"Name": "A value"}})
    assert answer.status_code == status
    assert same(simplejson.loads(answer.content, use_decimal=True), theirs) == []


def test_a_new_invoice(api: Api) -> None:
    status, theirs = recorded("invoices_save_new")
    api.clock.now = api.clock.now.replace(year=2023, month=1, day=30)
    api.customer(Name="Updated name", City="New York", ZipCode="10001")
    for _ in range(17):
        api.post("invoices", {"Invoice": {"CustomerNumber": "1"}})
    answer = api.send("POST", "invoices", {"Invoice": {"Comments": "A value", "CustomerNumber": "1"}})
    assert answer.status_code == status
    assert same(simplejson.loads(answer.content, use_decimal=True), theirs) == []


@pytest.mark.parametrize(
    ("name", "path", "wrapper"),
    [
        ("customers_all", "customers", "Customers"),
        ("invoices_all", "invoices", "Invoices"),
        ("termsofpayments_all", "termsofpayments", "TermsOfPayments"),
        ("projects_all", "projects", "Projects"),
    ],
)
def test_a_list_item(api: Api, name: str, path: str, wrapper: str) -> None:
    api.post("projects", {"Project": {"Description": "Some important project"}})
    api.invoice()
    _, theirs = recorded(name)
    ours = api.get(path)
    assert ours.keys() == theirs.keys() and ours["MetaInformation"].keys() == theirs["MetaInformation"].keys()
    first, its = ours[wrapper][0], theirs[wrapper][0]
    assert first.keys() == its.keys()
    assert {key: type(first[key]) for key in its if its[key] != 0} == {
        key: type(its[key]) for key in its if its[key] != 0
    }


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("customers_find_failure", lambda api: api.send("GET", "customers/123456789")),
        ("invoices_filter_invalid", lambda api: api.send("GET", "invoices", filter="x")),
        ("authentication_invalid_refresh_token", lambda api: api.token(grant_type="refresh_token", refresh_token="x")),
    ],
)
def test_a_refusal(api: Api, name: str, call: Callable[[Api], Any]) -> None:
    status, theirs = recorded(name)
    answer = call(api)
    assert (answer.status_code, answer.json()) == (status, theirs)


def test_an_expired_token(api: Api) -> None:
    status, theirs = recorded("authentication_expired_token")
    api.app.tokens.expire_all()
    answer = api.send("GET", "customers")
    assert (answer.status_code, answer.json()) == (status, theirs)
