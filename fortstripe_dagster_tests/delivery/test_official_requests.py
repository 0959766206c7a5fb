"""Whatever delivery asks of Fortnox is in its official specification: path, method, names of parameters and fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster_tests.delivery.house import house
from fortstripe_dagster_tests.delivery.test_corrections import change

SPECS = Path(__file__).parents[2] / "../shared/specs"
EVERYWHERE = {"page", "limit", "offset", "sortby", "sortorder", "lastmodified", "financialyear", "financialyeardate"}
"""Parameters that the specification leaves to its introduction, because every list takes them."""
DATED = {"fromdate", "todate"}
"""So are these for invoices and vouchers; `voucherseries` is in the words about the list of vouchers."""
D3 = date(2026, 3, 3)

YEAR_OF_A_VOUCHER = "POST /3/vouchers.Voucher.Year is missing"
"""Marked as required, and only answered: others' clients write vouchers without it."""

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the official specification is not beside the repository")


@cache
def specification() -> tuple[dict[str, Any], dict[str, Any]]:
    official = json.loads((SPECS / "fortnox-openapi.json").read_text(encoding="utf-8"))
    return official["paths"], official["components"]["schemas"]


@cache
def read_only() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / "fortnox-readonly-flags.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """A delivery with every kind of document, corrections, a second one, and the adoption of a lost journal."""
    choices: dict[str, Any] = {
        "stock": {"moves": "auto", "since": date(2026, 3, 2)},
        "credit_invoices": "linked",
        "attachments": "all",
        "fortnox": {"settle_seconds": 0},
    }
    with house(tmp_path_factory.mktemp("official"), company=Company(warehouse=True), **choices) as home:
        home.books.save_article({"ArticleNumber": "MUG", "Description": "Mugg", "StockGoods": True})
        home.sale("ch_1", 12500)
        home.payment("txn_1", "ch_1", 12500)
        home.credit("re_1", "ch_1", 12500, day=D3)
        home.refund("txn_2", "ch_1", "re_1", 12500, day=D3)
        home.sale("in_2", 10000, customer="cus_2", buyer="business", rate=0, account="3308", box="39",
                  treatment="eu_business_services", country="DE", vat_number="DE123456788")  # fmt: skip
        home.sale("ch_3", 5000, customer=None, email=None, treatment="oss_goods", quantity=2)
        home.change("UPDATE ledger.sale_rows SET article = 'MUG' WHERE sale_id = 'ch_3'")
        home.fee("txn_1:fee", 300)
        home.payout("po_1", 5000)
        home.sale("ch_4", 10000, customer="cus_4")
        home.deliver()
        change(home, "ch_4", 10000, customer="cus_4", rate=12, account="3002", vat_account="2621")
        home.deliver()
        for file in home.settings.home.glob("journal.sqlite*"):
            file.unlink()
        delivery.adopt(home.settings, home.warehouse, fortnox=home.client(), progress=home.said.append)
        home.deliver()
        yield list(home.gateway.calls)


def operation(call: Call) -> dict[str, Any] | None:
    """The official operation of a call: its path with names in place of what stands there."""
    paths, _ = specification()
    for template, methods in paths.items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, call.path) and call.method.lower() in methods:
            found: dict[str, Any] = methods[call.method.lower()]
            return found
    return None


def asked(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.path.startswith(("/3/", "/api/"))]


def test_every_path_and_method_is_official(calls: list[Call]) -> None:
    assert {(call.method, call.path) for call in asked(calls) if operation(call) is None} == set()
    assert len({re.sub(r"\d+$", "#", call.path) for call in asked(calls)}) > 25


def test_every_parameter_is_official(calls: list[Call]) -> None:
    strange = set()
    for call in asked(calls):
        official = {each["name"].lower() for each in (operation(call) or {}).get("parameters", ())} | EVERYWHERE
        if call.path in ("/3/vouchers", "/3/invoices"):
            official |= DATED | {"voucherseries"}
        strange |= {(call.method, call.path, name) for name in call.query if name not in official}
    assert strange == set()


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,),
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    """What a strict reader of the specification would refuse."""
    if "$ref" in schema:
        schema = specification()[1][schema["$ref"].rsplit("/", 1)[1]]
    kind = schema.get("type", "object")
    if type(value) not in _TYPES[kind]:
        yield f"{where}: {value!r} is no {kind}"
    elif kind == "object":
        properties = schema.get("properties", {})
        yield from (f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        yield from (f"{where}.{name} is unknown" for name in value if name not in properties)
        for name in value.keys() & properties.keys():
            yield from faults(value[name], properties[name], f"{where}.{name}")
    elif kind == "array":
        for item in value:
            yield from faults(item, schema["items"], where)
    elif kind == "string":
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6):
            yield f"{where}: {value!r} is too long or too short"
    elif kind in ("integer", "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: {value} is out of bounds"


def test_every_body_is_official(calls: list[Call]) -> None:
    found: set[str] = set()
    checked = 0
    for call in asked(calls):
        content = (operation(call) or {}).get("requestBody", {}).get("content", {})
        if not call.body or call.path == "/3/inbox":
            continue
        checked += 1
        schema = next(iter(content.values()))["schema"]
        found |= set(faults(json.loads(call.body), schema, f"{call.method} {call.path}"))
    assert found == {YEAR_OF_A_VOUCHER} and checked > 20


def test_nothing_is_sent_that_fortnox_only_answers(calls: list[Call]) -> None:
    sent: set[tuple[str, str]] = set()
    for call in asked(calls):
        body = json.loads(call.body) if call.body and call.path != "/3/inbox" else None
        for entity, content in body.items() if isinstance(body, dict) and call.path.startswith("/3/") else ():
            sent |= {(entity, name) for name in content}
            for rows in ("InvoiceRows", "VoucherRows"):
                sent |= {(rows.removesuffix("s"), name) for row in content.get(rows, ()) for name in row}
    flags = read_only()
    assert {(entity, name) for entity, name in sent if flags[entity]["props"][name]["readOnly"]} == set()
    assert len(sent) > 40
