"""Request bodies: what is let through, what is made lawful, what is refused, and that the official schema agrees."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from fortstripe_dagster.fortnox import (
    Article,
    Currency,
    Customer,
    Invoice,
    InvoicePayment,
    InvoiceRow,
    ModeOfPayment,
    Voucher,
    VoucherFileConnection,
    VoucherRow,
    VoucherSeries,
    WriteOff,
    changes,
    models,
)
from fortstripe_dagster.fortnox.wire import encode

from .conftest import SPECS

DAY = date(2026, 3, 14)
D = Decimal


def row(account: int, debit: str = "", credit: str = "") -> VoucherRow:
    return VoucherRow(account=account, debit=D(debit) if debit else None, credit=D(credit) if credit else None)


def voucher(*rows: VoucherRow, **more: Any) -> Voucher:
    settings = {"description": "Stripe försäljning", "voucher_series": "S", "transaction_date": DAY, **more}
    return Voucher(voucher_rows=rows, **settings)


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_an_invoice_as_it_is_sent() -> None:
    invoice = Invoice(
        customer_number="cus_1",
        invoice_date=DAY,
        vat_included=True,
        external_invoice_reference1="in_1",
        ocr="1347",
        administration_fee=D(0),
        invoice_rows=(
            InvoiceRow(description="Tröja", delivered_quantity=D(2), price=D("109.38"), vat=D("25.00")),
            InvoiceRow(description="Villkor"),
        ),
    )
    assert json.loads(encode(invoice.body()), parse_float=Decimal) == {
        "Invoice": {
            "CustomerNumber": "cus_1",
            "InvoiceDate": "2026-03-14",
            "VATIncluded": True,
            "ExternalInvoiceReference1": "in_1",
            "OCR": "1347",
            "AdministrationFee": 0,
            "InvoiceRows": [
                {"Description": "Tröja", "DeliveredQuantity": "2", "Price": D("109.38"), "VAT": 25},
                {"Description": "Villkor"},
            ],
        }
    }


def test_a_fraction_of_a_vat_rate_stays_one() -> None:
    assert InvoiceRow(vat=D("25.5")).content() == {"VAT": D("25.5")}


def test_a_payment_with_rounding_written_off() -> None:
    payment = InvoicePayment(
        invoice_number=12,
        payment_date=DAY,
        amount=D("218.75"),
        mode_of_payment="STRIPE",
        mode_of_payment_account=1686,
        write_offs=(WriteOff(amount=D("0.25"), account_number=3740),),
    )
    assert payment.body() == {
        "InvoicePayment": {
            "InvoiceNumber": 12,
            "PaymentDate": "2026-03-14",
            "Amount": D("218.75"),
            "ModeOfPayment": "STRIPE",
            "ModeOfPaymentAccount": 1686,
            "WriteOffs": ({"Amount": D("0.25"), "AccountNumber": 3740},),
        }
    }


def test_the_names_that_are_not_plain_capitals() -> None:
    customer = Customer(
        name="A", vat_type="SEVAT", vat_number="SE556677889901", show_price_vat_included=True, www="x", gln="1" * 13
    )
    article = Article(description="A", eu_account=3108, eu_vat_account=3106, ean="1")
    assert list(customer.content()) == ["Name", "VATNumber", "VATType", "WWW", "GLN", "ShowPriceVATIncluded"]
    assert list(article.content()) == ["Description", "EUAccount", "EUVATAccount", "EAN"]


# --- sums and rules ---------------------------------------------------------------------------------------------------


def test_a_voucher_must_balance() -> None:
    with pytest.raises(ValidationError, match=r"debit 100\.01 and credit 100\.00 differ by 0\.01"):
        voucher(row(1930, debit="100.01"), row(3001, credit="80.00"), row(2611, credit="20.00"))


@given(st.lists(st.decimals("0.01", "100000", places=2), min_size=1, max_size=30))
def test_what_balances_to_the_ore_is_a_voucher(amounts: list[Decimal]) -> None:
    rows = [VoucherRow(account=3001, credit=amount) for amount in amounts]
    body = voucher(VoucherRow(account=1930, debit=sum(amounts, D(0))), *rows).body()["Voucher"]
    sent = json.loads(encode(body), parse_float=Decimal)
    assert sum(r.get("Debit", 0) for r in sent["VoucherRows"]) == sum(r.get("Credit", 0) for r in sent["VoucherRows"])
    with pytest.raises(ValidationError, match=r"differ by 0\.01"):
        voucher(VoucherRow(account=1930, debit=sum(amounts, D("0.01"))), *rows)


@pytest.mark.parametrize("rows", [(), (row(1930, debit="1"),)])
def test_a_voucher_has_two_rows_at_least(rows: tuple[VoucherRow, ...]) -> None:
    with pytest.raises(ValidationError, match="at least 2 items"):
        voucher(*rows)


@pytest.mark.parametrize("sides", [{}, {"debit": D(1), "credit": D(1)}])
def test_a_row_has_one_side(sides: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either debit or credit"):
        VoucherRow(account=1930, **sides)


def test_a_row_that_would_cost_nothing_by_mistake_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs delivered_quantity"):
        InvoiceRow(description="Tröja", price=D(100))
    with pytest.raises(ValidationError, match="description or an article"):
        InvoiceRow(delivered_quantity=D(1), price=D(100))


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        (Customer, {"name": "A", "customer_number": "cus 1"}, "customer_number"),
        (Customer, {"name": "A", "customer_number": "a.b"}, "customer_number"),
        (Customer, {"name": "A", "country_code": "Sverige"}, "country_code"),
        (Customer, {"name": "A", "currency": "sek"}, "currency"),
        (Customer, {"name": "A", "email": "ingen"}, "email"),
        (Customer, {"name": "A", "email": "o'neil@example.com"}, "email"),
        (Customer, {"name": "A", "sales_account": "0999"}, "sales_account"),
        (Customer, {"name": "A", "vat_type": "SE"}, "vat_type"),
        (Customer, {"name": "A", "external_reference": "a\U0001f389"}, "external_reference"),
        (Customer, {"name": "A", "country": "Sverige"}, "country"),
        (Customer, {}, "Name"),
        (Invoice, {"customer_number": "1", "external_invoice_reference1": "x" * 81}, "external_invoice_reference1"),
        (Invoice, {"customer_number": "1", "external_invoice_reference1": ""}, "external_invoice_reference1"),
        (Invoice, {"customer_number": "1", "document_number": "F12"}, "document_number"),
        (Invoice, {"customer_number": "1", "booked": True}, "booked"),
        (Invoice, {"customer_number": "1", "freight": 1.5}, "freight"),
        (Invoice, {"customer_number": "1", "freight": D("1.005")}, "freight"),
        (Invoice, {"customer_number": "1", "freight": D("NaN")}, "freight"),
        (Invoice, {"customer_number": "1", "currency_rate": D(0)}, "currency_rate"),
        (Invoice, {"customer_number": "1", "invoice_rows": [{}] * 501}, "invoice_rows"),
        (InvoiceRow, {"account_number": 999}, "account_number"),
        (InvoiceRow, {"price": D("1.125"), "delivered_quantity": 1}, "price"),
        (InvoiceRow, {"vat": D(101)}, "vat"),
        (InvoicePayment, {"invoice_number": 0}, "invoice_number"),
        (InvoicePayment, {"invoice_number": 1, "amount": True}, "amount"),
        (VoucherRow, {"account": 10000, "debit": D(1)}, "account"),
        (VoucherRow, {"account": 1930, "debit": D("-1")}, "debit"),
        (VoucherRow, {"account": 1930, "debit": D(0)}, "debit"),
        (Article, {"description": "A", "article_number": "å"}, "article_number"),
        (ModeOfPayment, {"code": "STRIPE", "account_number": "19300"}, "account_number"),
        (VoucherSeries, {"code": "S" * 11}, "code"),
        (VoucherFileConnection, {"file_id": "a", "voucher_number": "x", "voucher_series": "S"}, "voucher_number"),
        (Currency, {"code": "EURO", "description": "Euro"}, "code"),
    ],
)
def test_what_fortnox_would_refuse_is_refused_before(kind: type[BaseModel], values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        kind(**values)
    assert refused.value.errors()[0]["loc"][0] == field


# --- texts ------------------------------------------------------------------------------------------------------------


def test_prose_is_made_lawful_and_cut() -> None:
    customer = Customer(name='  Annas "Café" 🎉 ', zip_code="123 45 678910", comments="ett\n\ttvå", address2="🎉")
    assert customer.content() == {
        "Name": "Annas ’Café’",
        "ZipCode": "123 45 678",
        "Comments": "ett\ntvå",
    }
    assert InvoiceRow(description="x" * 300).content()["Description"] == "x" * 255


def test_a_mandatory_text_is_never_empty() -> None:
    assert Customer(name="🎉").name == Article(description=" ").description == "–"


# --- changes ----------------------------------------------------------------------------------------------------------


def test_only_what_differs_is_changed_and_what_is_gone_is_cleared() -> None:
    before = Customer(name="Anna", city="Lund", phone1="1", email="a@example.com")
    after = Customer(name="Anna", city="Malmö", email="a@example.com", zip_code="211 20")
    assert changes(before, after) == {"Customer": {"City": "Malmö", "ZipCode": "211 20", "Phone1": "API_BLANK"}}
    assert changes(before, before) is None


def test_one_kind_does_not_become_another() -> None:
    with pytest.raises(TypeError, match="Customer cannot become a Article"):
        changes(Customer(name="A"), Article(description="A"))


# --- the official schema ----------------------------------------------------------------------------------------------

OFFICIAL = {
    "Customer": "fortnox_Customer",
    "DefaultDeliveryTypes": "fortnox_Customer_DefaultDeliveryTypes",
    "Invoice": "fortnox_InvoicePayload",
    "InvoiceRow": "fortnox_InvoicePayload_InvoiceRow",
    "Label": "fortnox_InvoicePayload_Label",
    "EmailInformation": "fortnox_InvoicePayload_EmailInformation",
    "InvoicePayment": "fortnox_InvoicePayment",
    "WriteOff": "fortnox_InvoicePayment_WriteOff",
    "Voucher": "fortnox_Voucher",
    "VoucherRow": "fortnox_Voucher_VoucherRow",
    "VoucherFileConnection": "fortnox_VoucherFileConnection",
    "Article": "fortnox_Article",
    "ModeOfPayment": "fortnox_ModeOfPayment",
    "VoucherSeries": "fortnox_VoucherSeries",
    "Currency": "fortnox_Currency",
}

needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason="the official schema is not here")


@cache
def official() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads((SPECS / "fortnox-openapi.json").read_text())["components"]["schemas"]
    # The year is marked as required, but Fortnox gives it: see the reference, section 6.
    schemas["fortnox_Voucher"]["required"].remove("Year")
    return schemas


def fields(name: str) -> dict[str, Any]:
    """Fortnox's name of every field of the model, with our field."""
    model: type[BaseModel] = getattr(models, name)
    return {str(field.alias): field for field in model.model_fields.values()}


@needs_specs
@pytest.mark.parametrize("name", OFFICIAL)
def test_every_field_is_official_and_writable(name: str) -> None:
    flags = json.loads((SPECS / "fortnox-readonly-flags.json").read_text())
    known = flags.get("LabelReference" if name == "Label" else name, {}).get("props", {})
    for field in fields(name):
        assert field in official()[OFFICIAL[name]]["properties"]
        assert not known.get(field, {}).get("readOnly"), f"{field} can only be read"


@needs_specs
@pytest.mark.parametrize("name", OFFICIAL)
def test_every_mandatory_field_is_mandatory(name: str) -> None:
    demanded = set(official()[OFFICIAL[name]].get("required", []))
    assert demanded <= {field for field, ours in fields(name).items() if ours.is_required()}


SAMPLES: list[BaseModel] = [
    Customer(
        name="x" * 2000,
        type="COMPANY",
        vat_type="EUREVERSEDVAT",
        country_code="DE",
        currency="EUR",
        zip_code="9" * 20,
        our_reference="x" * 99,
        visiting_address="x" * 999,
        comments="x" * 9999,
        sales_account="3001",
        invoice_freight=D("1.50"),
        default_delivery_types=models.DefaultDeliveryTypes(invoice="PRINT"),
    ),
    Invoice(
        customer_number="cus_1",
        invoice_date=DAY,
        currency="EUR",
        currency_rate=D("11.2345"),
        currency_unit=1,
        your_order_number="x" * 99,
        remarks="x" * 9999,
        language="SV",
        labels=(models.Label(id=1),),
        email_information=models.EmailInformation(email_subject="x" * 999, email_body="x" * 99999),
        invoice_rows=(
            InvoiceRow(description="x" * 999, delivered_quantity=D("1.50"), price=D("9.99"), vat=D(25)),
            InvoiceRow(description="Rabatt", discount=D(5), discount_type="AMOUNT", account_number=3001),
        ),
    ),
    InvoicePayment(
        invoice_number=1,
        amount=D("218.75"),
        payment_date=DAY,
        write_offs=(WriteOff(amount=D("0.25"), account_number=3740),),
    ),
    voucher(
        VoucherRow(account=1930, debit=D("1.50"), transaction_information="x" * 999),
        VoucherRow(account=3001, credit=D("1.50"), quantity=D(1)),
        description="x" * 999,
        comments="x" * 9999,
    ),
    VoucherFileConnection(file_id="a", voucher_number="12", voucher_series="S"),
    Article(description="x" * 999, type="SERVICE", sales_account=3001, vat=D(25), note="x" * 99999),
    ModeOfPayment(code="STRIPE", account_number="1686", description="Stripe"),
    VoucherSeries(code="S", description="x" * 999, manual=True),
    Currency(code="EUR", description="Euro", buy_rate=D("11.2"), sell_rate=D("11.3"), unit=D(1)),
]


@needs_specs
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_body_passes_the_official_schema(sample: BaseModel) -> None:
    name = type(sample).__name__
    body = json.loads(encode(sample.body()))[name]  # type: ignore[attr-defined]
    schema = {"$ref": f"#/components/schemas/{OFFICIAL[name]}", "components": {"schemas": official()}}
    jsonschema.validate(body, schema, format_checker=jsonschema.FormatChecker())
