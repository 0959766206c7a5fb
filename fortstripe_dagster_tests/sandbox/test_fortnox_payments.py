"""Invoice payments over HTTP: what settles an invoice, and what is refused."""

from decimal import Decimal

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster_tests.sandbox.fortnox_api import Api, ledger, row

D = Decimal


def test_payment_and_write_off_settle_the_claim(api: Api) -> None:
    invoice = api.booked(row("175"), ExternalInvoiceReference1="in_1")["DocumentNumber"]
    payment = api.pay(
        invoice, "218.75", PaymentDate="2026-03-15", WriteOffs=[{"AccountNumber": 3740, "Amount": "0.25"}]
    )
    assert (payment["Booked"], payment["VoucherSeries"], payment["ExternalInvoiceReference1"]) == (True, "C", "in_1")
    after = api.get(f"invoices/{invoice}")["Invoice"]
    assert (after["Balance"], after["FinalPayDate"]) == (0, "2026-03-15")
    assert ledger(api) == {1686: D("218.75"), 2611: D("-43.75"), 3001: -175}
    assert api.books.open_receivables() == []


def test_an_unbooked_payment_settles_nothing(api: Api) -> None:
    invoice = api.booked()["DocumentNumber"]
    payment = api.payment(invoice, 125, Booked=True)
    assert payment["Booked"] is False
    assert api.get(f"invoices/{invoice}")["Invoice"]["Balance"] == 125
    assert 1686 not in ledger(api)
    assert [open_.number for open_ in api.books.open_receivables()] == [1]


def test_equal_payments_are_not_recognised_as_one(api: Api) -> None:
    invoice = api.booked()["DocumentNumber"]
    for _ in range(3):
        api.pay(invoice, "10.50")
    assert len(api.get("invoicepayments", invoicenumber=invoice)["InvoicePayments"]) == 3
    assert api.get(f"invoices/{invoice}")["Invoice"]["Balance"] == D("93.50")


def test_a_paid_invoice_takes_no_more(api: Api) -> None:
    invoice = api.booked()["DocumentNumber"]
    twin = api.payment(invoice, 125)["Number"]
    api.pay(invoice, 125)
    body = {"InvoicePayment": {"InvoiceNumber": invoice, "Amount": 125}}
    assert api.refused("POST", "invoicepayments", body) == refusals.ALREADY_PAID
    assert api.refused("PUT", f"invoicepayments/{twin}/bookkeep") == refusals.ALREADY_PAID


def test_a_credit_invoice_is_paid_back_by_a_negative_payment(api: Api) -> None:
    original = api.booked(row(100))["DocumentNumber"]
    api.pay(original, 125)
    credit = api.put(f"invoices/{original}/credit")["CreditInvoiceReference"]
    api.put(f"invoices/{credit}/bookkeep")
    body = {"InvoicePayment": {"InvoiceNumber": credit, "Amount": 125}}
    assert api.refused("POST", "invoicepayments", body) == refusals.PAYMENT_AMOUNT
    api.pay(credit, -125)
    assert ledger(api) == {}
    assert api.get(f"invoices/{credit}")["Invoice"]["Balance"] == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"InvoiceNumber": 99}, refusals.INVOICE_NOT_FOUND),
        ({"PaymentDate": "2026-03-01"}, refusals.PAYMENT_BEFORE_INVOICE),
        ({"Amount": 0}, refusals.PAYMENT_AMOUNT),
        ({"Amount": "1.234"}, refusals.INVALID_VALUE),
        ({"Amount": -5}, refusals.PAYMENT_AMOUNT),
        ({"Amount": None}, refusals.PAYMENT_AMOUNT),
        ({"AmountCurrency": 6}, refusals.PAYMENT_AMOUNT),
        ({"ModeOfPayment": "X"}, refusals.INVALID_VALUE),
        ({"ModeOfPaymentAccount": 1999}, refusals.NO_SUCH_ACCOUNT),
        ({"Currency": "EUR"}, refusals.UNKNOWN_FIELD),
        ({"WriteOffs": [{"AccountNumber": 3740}]}, refusals.REQUIRED_FIELD),
    ],
)
def test_a_bad_payment_is_refused(api: Api, fields: dict[str, object], code: int) -> None:
    invoice = api.booked(InvoiceDate="2026-03-02")["DocumentNumber"]
    body = {"InvoicePayment": {"InvoiceNumber": invoice, "Amount": 5, **fields}}
    assert api.refused("POST", "invoicepayments", body) == code


def test_only_a_booked_invoice_can_be_paid(api: Api) -> None:
    invoice = api.invoice()["DocumentNumber"]
    body = {"InvoicePayment": {"InvoiceNumber": invoice, "Amount": 5}}
    assert api.refused("POST", "invoicepayments", body) == refusals.INVOICE_NOT_BOOKED


def test_the_mode_of_payment_gives_the_account(api: Api) -> None:
    api.post("modesofpayments", {"ModeOfPayment": {"Code": "KLARNA", "AccountNumber": "1580"}})
    invoice = api.booked()["DocumentNumber"]
    body = {"InvoiceNumber": invoice, "AmountCurrency": 125, "ModeOfPayment": "KLARNA"}
    payment = api.post("invoicepayments", {"InvoicePayment": body})
    api.put(f"invoicepayments/{payment['Number']}/bookkeep")
    assert ledger(api)[1580] == 125


def test_an_unbooked_payment_can_be_changed_and_removed_a_booked_one_not(api: Api) -> None:
    invoice = api.booked()["DocumentNumber"]
    number = api.payment(invoice, 100)["Number"]
    changed = api.put(f"invoicepayments/{number}", {"InvoicePayment": {"Amount": 50}})
    assert (changed["Amount"], changed["AmountCurrency"]) == (50, 50)
    api.put(f"invoicepayments/{number}/bookkeep")
    assert api.refused("PUT", f"invoicepayments/{number}", {"InvoicePayment": {"Amount": 1}}) == refusals.PAYMENT_BOOKED
    assert api.refused("PUT", f"invoicepayments/{number}/bookkeep") == refusals.PAYMENT_BOOKED
    assert api.refused("DELETE", f"invoicepayments/{number}") == refusals.PAYMENT_BOOKED
    other = api.payment(invoice, 1)["Number"]
    assert api.send("DELETE", f"invoicepayments/{other}").status_code == 204
    assert api.send("GET", f"invoicepayments/{other}").status_code == 404


def test_a_foreign_payment_shows_the_exchange_difference(api: Api) -> None:
    invoice = api.booked(row(80), Currency="EUR", CurrencyRate="11.30")["DocumentNumber"]
    body = {"InvoicePayment": {"InvoiceNumber": invoice, "Amount": 1110, "ModeOfPaymentAccount": 1686}}
    assert api.refused("POST", "invoicepayments", body) == refusals.REQUIRED_FIELD
    api.pay(invoice, 1110, AmountCurrency=100)
    assert ledger(api) == {1686: 1110, 2611: -226, 3001: -904, 7960: 20}


def test_a_gain_is_written_off_with_a_negative_amount(api: Api) -> None:
    invoice = api.booked(row(100))["DocumentNumber"]
    api.pay(invoice, 130, WriteOffs=[{"AccountNumber": 3960, "Amount": -5}])
    assert ledger(api) == {1686: 130, 2611: -25, 3001: -100, 3960: -5}


def test_paying_too_much_leaves_a_negative_balance(api: Api) -> None:
    invoice = api.booked(row(100))["DocumentNumber"]
    api.pay(invoice, 150)
    assert api.get(f"invoices/{invoice}")["Invoice"]["Balance"] == -25
