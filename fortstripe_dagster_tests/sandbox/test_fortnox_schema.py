"""The field rules are the official ones, and every exception to them is a real one with a reason."""

import json
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.schema import BLANK, checked, entities

SPECS = Path(__file__).parents[2] / "../shared/specs"
DOCUMENT: dict[str, Any] = json.loads(
    files("fortstripe_dagster.sandbox.fortnox").joinpath("schema.json").read_text("utf-8")
)

OFFICIAL = {
    # entity: (schema of answers, schema of requests, class whose read-only flags hold)
    "Customer": ("Customer", "Customer", "Customer"),
    "DefaultDeliveryTypes": ("Customer_DefaultDeliveryTypes", "Customer_DefaultDeliveryTypes", "DefaultDeliveryTypes"),
    "DefaultTemplates": ("Customer_DefaultTemplates", "Customer_DefaultTemplates", "DefaultTemplates"),
    "Invoice": ("Invoice", "InvoicePayload", "Invoice"),
    "InvoiceRow": ("Invoice_InvoiceRow", "InvoicePayload_InvoiceRow", "InvoiceRow"),
    "EDIInformation": ("Invoice_EDIInformation", "InvoicePayload_EDIInformation", "EDIInformation"),
    "EmailInformation": ("Invoice_EmailInformation", "InvoicePayload_EmailInformation", "EmailInformation"),
    "Label": ("Invoice_Label", "InvoicePayload_Label", "LabelReference"),
    "InvoicePayment": ("InvoicePayment", "InvoicePayment", "InvoicePayment"),
    "WriteOff": ("InvoicePayment_WriteOff", "InvoicePayment_WriteOff", "WriteOff"),
    "Voucher": ("Voucher", "Voucher", "Voucher"),
    "VoucherRow": ("Voucher_VoucherRow", "Voucher_VoucherRow", "VoucherRow"),
    "VoucherSeries": ("VoucherSeries", "VoucherSeries", "VoucherSeries"),
    "Approver": ("VoucherSeries_Approver", "VoucherSeries_Approver", "VoucherSeriesApprover"),
    "Account": ("AccountSingleItem", "AccountPayload", "Account"),
    "OpeningQuantity": ("AccountSingleItem_OpeningQuantities", "AccountPayload_OpeningQuantities", "OpeningQuantity"),
    "Article": ("Article", "Article", "Article"),
    "Currency": ("Currency", "Currency", "Currency"),
    "ModeOfPayment": ("ModeOfPayment", "ModeOfPayment", "ModeOfPayment"),
    "TermsOfPayment": ("TermsOfPayment", "TermsOfPayment", "TermsOfPayment"),
    "CostCenter": ("CostCenter", "CostCenter", "CostCenter"),
    "Project": ("Project", "Project", "Project"),
    "PreDefinedAccount": ("PredefinedAccount", "PredefinedAccount", "PredefinedAccount"),
    "PreDefinedVoucherSeries": ("PredefinedVoucherSeries", "PredefinedVoucherSeries", "PredefinedVoucherSeries"),
    "FinancialYear": ("FinancialYear", "FinancialYear", "FinancialYear"),
    "VoucherFileConnection": ("VoucherFileConnection", "VoucherFileConnection", "VoucherFileConnection"),
}
BOUNDS = {"minLength": "min", "maxLength": "max", "minimum": "least", "maximum": "most", "minItems": "min"}


def _official_rule(schema: dict[str, Any], required: bool, read_only: bool) -> dict[str, Any]:
    """One property of the specification in our notation."""
    names = {f"fortnox_{name}": entity for entity, pair in OFFICIAL.items() for name in pair[:2]}

    def entity(reference: dict[str, str]) -> str:
        return names[reference["$ref"].rsplit("/", 1)[1]]

    if "$ref" in schema:
        rule: dict[str, Any] = {"type": entity(schema)}
    elif schema["type"] == "array":
        rule = {"type": f"[{entity(schema['items'])}]"}
    else:
        rule = {"type": "date" if schema.get("format") == "date" else schema["type"]}
    rule |= {ours: schema[theirs] for theirs, ours in BOUNDS.items() if theirs in schema}
    rule |= {"enum": schema["enum"]} if "enum" in schema else {}
    return rule | ({"required": True} if required else {}) | ({"readOnly": True} if read_only else {})


@pytest.mark.skipif(not SPECS.exists(), reason="the official specification is not beside this checkout")
@pytest.mark.parametrize("entity", OFFICIAL)
def test_the_rules_are_the_official_ones(entity: str) -> None:
    schemas = json.loads((SPECS / "fortnox-openapi.json").read_text("utf-8"))["components"]["schemas"]
    flags = json.loads((SPECS / "fortnox-readonly-flags.json").read_text("utf-8"))
    answer_name, request_name, flag_class = OFFICIAL[entity]
    answer, request = schemas[f"fortnox_{answer_name}"], schemas[f"fortnox_{request_name}"]
    expected = {}
    for name in answer["properties"] | request["properties"]:
        sendable = name in request["properties"]
        flagged = flags[flag_class]["props"].get(name, {}).get("readOnly", False)
        expected[name] = _official_rule(
            request["properties"][name] if sendable else answer["properties"][name],
            name in request.get("required", []),
            flagged or not sendable or name.startswith("@"),
        )
    ignored = {"maxItems"}  # two thousand million rows are no limit
    assert DOCUMENT["entities"][entity] == {
        name: {key: value for key, value in rule.items() if key not in ignored} for name, rule in expected.items()
    }


def test_every_entity_is_compared() -> None:
    assert DOCUMENT["entities"].keys() == OFFICIAL.keys()


@pytest.mark.parametrize("exception", DOCUMENT["exceptions"], ids=lambda exception: exception["field"])
def test_every_exception_changes_something_and_says_why(exception: dict[str, Any]) -> None:
    entity, name = exception["field"].split(".")
    official = DOCUMENT["entities"][entity][name]
    assert all(official.get(key) != value for key, value in exception["change"].items())
    assert len(exception["reason"]) > 20


def test_an_exception_takes_effect() -> None:
    assert entities()["InvoiceRow"]["VAT"].type == "number"
    assert not entities()["Voucher"]["Year"].required


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Name": "A", "Colour": "red"}, refusals.UNKNOWN_FIELD),
        ({"Name": "A", "VisitingCountry": "Sverige"}, refusals.UNKNOWN_FIELD),
        ({}, refusals.REQUIRED_FIELD),
        ({"Name": ""}, refusals.REQUIRED_FIELD),
        ({"Name": None}, refusals.REQUIRED_FIELD),
        ({"Name": 'Anna "Ann" Berg'}, refusals.ILLEGAL_CHARACTERS),
        ({"Name": "Anna's"}, refusals.ILLEGAL_CHARACTERS),
        ({"Name": "Anna 🎉"}, refusals.ILLEGAL_CHARACTERS),
        ({"Name": "A—B"}, refusals.ILLEGAL_CHARACTERS),
        ({"Name": "A\tB"}, refusals.ILLEGAL_CHARACTERS),
        ({"Name": "A", "CustomerNumber": "cus 1"}, refusals.NOT_ALPHANUMERIC),
        ({"Name": "A", "CustomerNumber": "cus.1"}, refusals.NOT_ALPHANUMERIC),
        ({"Name": "API_BLANK"}, refusals.REQUIRED_FIELD),
        ({"Name": "A", "ZipCode": "1" * 11}, refusals.TOO_LONG),
        ({"Name": "A", "Type": "ALIEN"}, refusals.INVALID_VALUE),
        ({"Name": "A", "Active": "yes"}, refusals.NOT_BOOLEAN),
        ({"Name": "A", "InvoiceDiscount": "ten"}, refusals.NOT_NUMERIC),
        ({"Name": "A", "InvoiceDiscount": True}, refusals.NOT_NUMERIC),
        ({"Name": ["A"]}, refusals.WRONG_BODY),
    ],
)
def test_a_bad_customer_is_refused(body: dict[str, object], code: int) -> None:
    with pytest.raises(Refusal) as refusal:
        checked("Customer", body, creating=True)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "name", ["Bygg & Trä i Växjö AB", "João – Silva", "Ångström (½) 100% #1; a/b+c*d=e_f?", "Žofia"]
)
def test_ordinary_texts_are_allowed(name: str) -> None:
    assert checked("Customer", {"Name": name}, creating=True) == {"Name": name}


@pytest.mark.parametrize("day", ["2026-02-30", "20260314", "2026-W11-6", "14/3 2026", 20260314])
def test_a_date_has_one_form(day: object) -> None:
    with pytest.raises(Refusal):
        checked("Invoice", {"CustomerNumber": "1", "InvoiceDate": day}, creating=True)


def test_values_are_converted() -> None:
    fields = checked(
        "Invoice",
        {
            "CustomerNumber": 7,
            "InvoiceRows": [{"Price": "10.50", "DeliveredQuantity": 2, "AccountNumber": "3001"}],
            "VATIncluded": "true",
            "Comments": "API_BLANK",
            "Remarks": "",
        },
        creating=True,
    )
    row = fields["InvoiceRows"][0]
    assert row == {"Price": Decimal("10.50"), "DeliveredQuantity": Decimal(2), "AccountNumber": 3001}
    assert fields["CustomerNumber"] == "7" and fields["VATIncluded"] is True
    assert fields["Comments"] is BLANK and "Remarks" not in fields


def test_a_voucher_needs_two_rows_but_no_year() -> None:
    body = {"Description": "A", "TransactionDate": "2026-01-01", "VoucherSeries": "S", "Year": 2026}
    with pytest.raises(Refusal):
        checked("Voucher", body, creating=True)
    with pytest.raises(Refusal):
        checked("Voucher", body | {"VoucherRows": [{"Account": 1930}]}, creating=True)
    assert "Year" not in checked("Voucher", body | {"VoucherRows": [{"Account": 1930}] * 2}, creating=True)
