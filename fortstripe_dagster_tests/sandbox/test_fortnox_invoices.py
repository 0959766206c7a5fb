"""Invoices over HTTP: what is filled in, what may be changed when, and what the ledger says after each action."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import Company, VatRate
from fortstripe_dagster_tests.sandbox.fortnox_api import Api, ledger, row

D = Decimal


def test_bookkeeping_posts_the_sale(api: Api) -> None:
    invoice = api.booked(row("175"), InvoiceDate="2026-03-02")
    assert (invoice["Total"], invoice["TotalToPay"], invoice["RoundOff"], invoice["TotalVAT"]) == (
        219,
        219,
        D("0.25"),
        D("43.75"),
    )
    assert (invoice["Booked"], invoice["Balance"], invoice["VoucherSeries"], invoice["VoucherNumber"]) == (
        True,
        219,
        "B",
        1,
    )
    assert ledger(api) == {1510: 219, 2611: D("-43.75"), 3001: -175, 3740: D("-0.25")}
    voucher = api.get("vouchers/B/1", financialyear=2)["Voucher"]
    assert (voucher["TransactionDate"], voucher["ReferenceType"], voucher["ReferenceNumber"]) == (
        "2026-03-02",
        "INVOICE",
        "1",
    )


def test_a_company_may_keep_its_ore(fortnox: Callable[..., Api]) -> None:
    api = fortnox(Company(round_to_krona=False))
    assert api.invoice(row("175"))["Total"] == D("218.75")


def test_vat_included_prices_are_gross(api: Api) -> None:
    invoice = api.booked(row("125", VAT=25), row("112", VAT=12, AccountNumber=3002), VATIncluded=True)
    assert [line["TotalExcludingVAT"] for line in invoice["InvoiceRows"]] == [100, 100]
    assert ledger(api) == {1510: 237, 2611: -25, 2621: -12, 3001: -100, 3002: -100}


def test_the_customer_decides_whether_prices_are_gross(api: Api) -> None:
    number = api.customer(ShowPriceVATIncluded=True)
    assert api.invoice(row("125"), CustomerNumber=number)["Total"] == 125


@pytest.mark.parametrize(
    ("vat_type", "vat", "account", "net_only"),
    [
        ("SEVAT", 25, 3001, False),
        ("SEVAT", 12, 3002, False),
        ("SEVAT", 6, 3003, False),
        ("SEVAT", 0, 3004, True),
        ("EUREVERSEDVAT", 25, 3108, True),
        ("EXPORT", 25, 3105, True),
        ("EUVAT", 25, 3106, False),
    ],
)
def test_a_row_without_account_gets_the_predefined_one(
    api: Api, vat_type: str, vat: int, account: int, net_only: bool
) -> None:
    number = api.customer(VATType=vat_type)
    invoice = api.invoice(
        {"Description": "Vara", "Price": 100, "DeliveredQuantity": 1, "VAT": vat}, CustomerNumber=number
    )
    assert invoice["InvoiceRows"][0]["AccountNumber"] == account
    assert (invoice["TotalVAT"] == 0) is net_only


def test_an_article_gives_account_and_text(api: Api) -> None:
    api.post(
        "articles", {"Article": {"ArticleNumber": "TJ", "Description": "Tjänst", "EUAccount": 3308, "Type": "SERVICE"}}
    )
    number = api.customer(VATType="EUREVERSEDVAT", VATNumber="DE123456789")
    line = api.invoice({"ArticleNumber": "TJ", "Price": 10, "DeliveredQuantity": 1}, CustomerNumber=number)[
        "InvoiceRows"
    ][0]
    assert (line["AccountNumber"], line["Description"], line["VAT"]) == (3308, "Tjänst", 0)


def test_a_row_without_quantity_is_worth_nothing(api: Api) -> None:
    line = api.invoice({"Description": "Vara", "Price": 100})["InvoiceRows"][0]
    assert (line["DeliveredQuantity"], line["Total"]) == ("0", 0)


def test_price_and_quantity_are_rounded_half_up(api: Api) -> None:
    lines = api.invoice(row("1.125", "1.005"), row("1.123"))["InvoiceRows"]
    assert [(line["Price"], line["DeliveredQuantity"]) for line in lines] == [(D("1.13"), "1.01"), (D("1.12"), "1.00")]


def test_a_vat_rate_of_another_country_has_its_own_account(fortnox: Callable[..., Api]) -> None:
    company = Company(vat_rates=(*Company().vat_rates, VatRate(D(19), "OSSDE", 2671)))
    api = fortnox(company)
    api.booked(row("119", vat=19, AccountNumber=3311), VATIncluded=True, CustomerNumber=api.customer(VATType="EUVAT"))
    assert ledger(api) == {1510: 119, 2671: -19, 3311: -100}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (row(1, vat=19), refusals.INVALID_VAT_RATE),
        (row(1, AccountNumber=3999, VATCode="XX"), refusals.INVALID_VAT_RATE),
        (row(1, AccountNumber=3998), refusals.NO_SUCH_ACCOUNT),
        (row(1, AccountNumber=99), refusals.NO_SUCH_ACCOUNT),
        (row(1, ArticleNumber="X"), refusals.NO_SUCH_ARTICLE),
        (row(1, CostCenter="X"), refusals.INVALID_VALUE),
        (row(1, Description="x" * 256), refusals.TOO_LONG),
        (row(1, Total=5), refusals.UNKNOWN_FIELD),
    ],
)
def test_a_bad_row_is_refused(api: Api, line: dict[str, object], code: int) -> None:
    body = {"Invoice": {"CustomerNumber": api.customer(), "InvoiceRows": [line]}}
    assert api.refused("POST", "invoices", body) == code
    assert api.get("invoices")["Invoices"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"CustomerNumber": "404"}, refusals.NO_SUCH_CUSTOMER),
        ({"Currency": "JPY"}, refusals.CURRENCY_NOT_REGISTERED),
        ({"Country": "Sweden"}, refusals.INVALID_COUNTRY),
        ({"Country": "SE"}, refusals.INVALID_COUNTRY),
        ({"Booked": True}, refusals.UNKNOWN_FIELD),
        ({"DocumentNumber": "A1"}, refusals.NOT_NUMERIC),
        ({"ExternalInvoiceReference1": "x" * 81}, refusals.TOO_LONG),
        ({"TermsOfPayment": "99"}, refusals.INVALID_VALUE),
    ],
)
def test_a_bad_invoice_is_refused(api: Api, fields: dict[str, object], code: int) -> None:
    assert api.refused("POST", "invoices", {"Invoice": {"CustomerNumber": api.customer(), **fields}}) == code


def test_country_is_a_name(api: Api) -> None:
    number = api.customer(CountryCode="SE")
    assert api.invoice(CustomerNumber=number)["Country"] == "Sverige"
    assert api.invoice(CustomerNumber=number, Country="Norway")["Country"] == "Norway"


def test_number_due_date_and_ocr_are_given(api: Api) -> None:
    first = api.invoice(InvoiceDate="2026-03-02", TermsOfPayment="10")
    assert (first["DocumentNumber"], first["DueDate"], first["OCR"]) == ("1", "2026-03-12", "133")
    chosen = api.invoice(DocumentNumber="5000000001")
    assert chosen["DocumentNumber"] == "5000000001"
    assert api.invoice()["DocumentNumber"] == "2"
    body = {"Invoice": {"CustomerNumber": first["CustomerNumber"], "DocumentNumber": "5000000001"}}
    assert api.refused("POST", "invoices", body) == refusals.NUMBER_USED


def test_a_put_changes_only_what_it_sends(api: Api) -> None:
    number = api.invoice(Remarks="Faktura", Comments="Kommentar")["DocumentNumber"]
    changed = api.put(
        f"invoices/{number}", {"Invoice": {"Comments": "", "Remarks": "API_BLANK", "YourOrderNumber": "7"}}
    )
    assert (changed["Comments"], changed["Remarks"], changed["YourOrderNumber"]) == ("Kommentar", "", "7")
    assert len(changed["InvoiceRows"]) == 1


def test_rows_are_matched_by_order_without_row_id(api: Api) -> None:
    number = api.invoice(row(100, Discount=10), row(50))["DocumentNumber"]
    (line,) = api.put(f"invoices/{number}", {"Invoice": {"InvoiceRows": [{"Price": 200}]}})["InvoiceRows"]
    assert (line["Price"], line["Discount"], line["Description"]) == (200, 10, "Prenumeration")


def test_rows_are_matched_by_row_id_if_sent(api: Api) -> None:
    invoice = api.invoice(row(1), row(2), row(3))
    ids = [line["RowId"] for line in invoice["InvoiceRows"]]
    sent = [{"RowId": ids[2]}, {"RowId": ids[0], "Price": 10}, row(4)]
    lines = api.put(f"invoices/{invoice['DocumentNumber']}", {"Invoice": {"InvoiceRows": sent}})["InvoiceRows"]
    assert [line["Price"] for line in lines] == [3, 10, 4]
    assert not set(ids) & {line["RowId"] for line in lines}


def test_a_booked_invoice_is_final(api: Api) -> None:
    number = api.booked()["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}", {"Invoice": {"Comments": "x"}}) == refusals.INVOICE_BOOKED
    assert api.refused("PUT", f"invoices/{number}/cancel") == refusals.INVOICE_BOOKED
    assert api.refused("PUT", f"invoices/{number}/bookkeep") == refusals.INVOICE_BOOKED
    assert len(api.books.vouchers()) == 1


def test_a_cancelled_invoice_stays_so(api: Api) -> None:
    number = api.invoice()["DocumentNumber"]
    cancelled = api.put(f"invoices/{number}/cancel")
    assert (cancelled["Cancelled"], cancelled["Balance"]) == (True, 0)
    for action in ("cancel", "bookkeep", "credit"):
        assert api.refused("PUT", f"invoices/{number}/{action}") == refusals.INVOICE_CANCELLED
    assert ledger(api) == {}


def test_credit_mirrors_the_original_once(api: Api) -> None:
    original = api.booked(row("175"), ExternalInvoiceReference1="in_1")["DocumentNumber"]
    reference = api.put(f"invoices/{original}/credit")["CreditInvoiceReference"]
    credit = api.get(f"invoices/{reference}")["Invoice"]
    assert (credit["Credit"], credit["CreditInvoiceReference"], credit["Booked"], credit["Total"]) == (
        "true",
        original,
        False,
        -219,
    )
    assert credit["InvoiceDate"] == "2026-03-14"
    assert credit["InvoiceRows"][0]["DeliveredQuantity"] == "-1.00"
    assert api.refused("PUT", f"invoices/{original}/credit") == refusals.ALREADY_CREDITED
    assert api.refused("PUT", f"invoices/{reference}/credit") == refusals.ALREADY_CREDITED
    assert ledger(api)[1510] == 219
    api.put(f"invoices/{reference}/bookkeep")
    assert ledger(api) == {}


@pytest.mark.parametrize(("keeps", "reference"), [(True, "in_1"), (False, "")])
def test_whether_a_credit_repeats_the_references_is_a_setting(
    fortnox: Callable[..., Api], keeps: bool, reference: str
) -> None:
    api = fortnox(Company(credit_keeps_references=keeps))
    original = api.booked(ExternalInvoiceReference1="in_1")["DocumentNumber"]
    number = api.put(f"invoices/{original}/credit")["CreditInvoiceReference"]
    assert api.get(f"invoices/{number}")["Invoice"]["ExternalInvoiceReference1"] == reference


def test_an_unbooked_invoice_cannot_be_credited(api: Api) -> None:
    number = api.invoice()["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}/credit") == refusals.INVOICE_NOT_BOOKED


def test_a_partial_credit_is_an_invoice_with_negative_quantity(api: Api) -> None:
    invoice = api.booked(row(50, -1))
    assert (invoice["Credit"], invoice["Total"]) == ("true", -63)
    assert ledger(api) == {1510: -63, 2611: D("12.50"), 3001: 50, 3740: D("0.50")}


def test_an_invoice_of_nothing_is_paid_when_booked(api: Api) -> None:
    invoice = api.booked(row(0), InvoiceDate="2026-03-01")
    assert (invoice["Balance"], invoice["FinalPayDate"]) == (0, "2026-03-01")


def test_a_row_without_text_cannot_be_booked(api: Api) -> None:
    line = {"Price": 1, "DeliveredQuantity": 1}
    number = api.invoice(line)["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}/bookkeep") == refusals.ROW_WITHOUT_TEXT


def test_actions_take_no_body_and_know_missing_invoices(api: Api) -> None:
    number = api.invoice()["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}/bookkeep", {"Invoice": {}}) == refusals.WRONG_BODY
    assert api.refused("PUT", "invoices/77/bookkeep", status=404) == refusals.INVOICE_NOT_FOUND
    assert api.put(f"invoices/{number}/externalprint")["Sent"] is True
    assert api.put(f"invoices/{number}/warehouseready")["WarehouseReady"] is True


def test_the_cash_method_does_not_book_invoices(fortnox: Callable[..., Api]) -> None:
    years = tuple(replace(year, accounting_method="CASH") for year in Company().years)
    api = fortnox(Company(years=years))
    invoice = api.invoice()
    assert invoice["AccountingMethod"] == "CASH"
    assert api.refused("PUT", f"invoices/{invoice['DocumentNumber']}/bookkeep") == refusals.CASH_METHOD


def test_a_locked_period_takes_nothing(api: Api) -> None:
    invoice = api.invoice(InvoiceDate="2026-02-28")
    api.books.lock(date(2026, 2, 28))
    assert api.get("settings/lockedperiod") == {"LockedPeriod": {"EndDate": "2026-02-28"}}
    assert api.refused("PUT", f"invoices/{invoice['DocumentNumber']}/bookkeep") == refusals.PERIOD_LOCKED
    body = {"Invoice": {"CustomerNumber": invoice["CustomerNumber"], "InvoiceDate": "2026-02-28"}}
    assert api.refused("POST", "invoices", body) == refusals.PERIOD_LOCKED
    api.booked(InvoiceDate="2026-03-01")


def test_an_invoice_outside_every_financial_year_cannot_be_booked(api: Api) -> None:
    number = api.invoice(InvoiceDate="2031-01-01")["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}/bookkeep") == refusals.NO_FINANCIAL_YEAR


def test_a_mandatory_cost_centre_is_asked_for_when_booking(api: Api) -> None:
    api.put("accounts/3001", {"Account": {"CostCenterSettings": "MANDATORY"}}, financialyear=2)
    number = api.invoice()["DocumentNumber"]
    assert api.refused("PUT", f"invoices/{number}/bookkeep") == refusals.DIMENSION_RULE
    api.post("costcenters", {"CostCenter": {"Code": "WEBB", "Description": "Webbutiken"}})
    api.put(f"invoices/{number}", {"Invoice": {"CostCenter": "WEBB"}})
    assert api.put(f"invoices/{number}/bookkeep")["Booked"] is True


def test_a_default_fee_is_added_unless_sent(fortnox: Callable[..., Api]) -> None:
    api = fortnox(Company(administration_fee=D(40)))
    assert api.booked(row(100))["Total"] == 175
    assert ledger(api) == {1510: 175, 2611: -35, 3001: -100, 3540: -40}
    assert api.invoice(row(100), AdministrationFee=0)["Total"] == 125


def test_a_foreign_invoice_is_booked_in_kronor(api: Api) -> None:
    invoice = api.booked(row("99.99"), Currency="EUR", CurrencyRate="11.2345", CurrencyUnit=1)
    assert (invoice["Total"], invoice["RoundOff"]) == (D("124.99"), 0)
    assert ledger(api) == {1510: D("1404.20"), 2611: D("-280.86"), 3001: D("-1123.34")}


def test_a_foreign_invoice_without_rate_takes_the_registered_one(api: Api) -> None:
    assert api.invoice(Currency="NOK")["CurrencyRate"] == 95
    number = api.invoice(Currency="NOK", CurrencyRate="1.5")["DocumentNumber"]
    changed = api.put(f"invoices/{number}", {"Invoice": {"CurrencyUnit": "API_BLANK"}})
    assert (changed["CurrencyRate"], changed["CurrencyUnit"]) == (95, 100)


@pytest.mark.parametrize(
    ("action", "sent", "reminders"),
    [("email", True, 0), ("einvoice", True, 0), ("print", True, 0), ("preview", False, 0), ("printreminder", False, 1)],
)
def test_some_gets_change_the_invoice(api: Api, action: str, sent: bool, reminders: int) -> None:
    number = api.booked()["DocumentNumber"]
    assert api.send("GET", f"invoices/{number}/{action}").status_code == 200
    after = api.get(f"invoices/{number}")["Invoice"]
    assert (after["Sent"], after["Reminders"]) == (sent, reminders)


def test_without_the_licence_a_number_reads_api_noright(fortnox: Callable[..., Api]) -> None:
    invoice = fortnox(Company(sees_contribution=False)).invoice()
    assert invoice["ContributionValue"] == invoice["InvoiceRows"][0]["ContributionValue"] == "API_NORIGHT"


def test_the_invoice_series_can_be_moved(api: Api) -> None:
    api.put("predefinedvoucherseries/INVOICE", {"PreDefinedVoucherSeries": {"VoucherSeries": "L"}})
    assert api.booked()["VoucherSeries"] == "L"
    body = {"PreDefinedVoucherSeries": {"VoucherSeries": "Q"}}
    assert api.refused("PUT", "predefinedvoucherseries/INVOICE", body) == refusals.INVALID_SERIES
