"""Customers and the plain registers over HTTP."""

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster_tests.sandbox.fortnox_api import Api


def test_numbers_are_given_or_chosen(api: Api) -> None:
    assert api.customer() == "1"
    assert api.customer(CustomerNumber="cus_Qx1/a+b-c") == "cus_Qx1/a+b-c"
    assert api.customer() == "2"
    assert api.get("customers/cus_Qx1%2Fa+b-c")["Customer"]["Name"] == "Anna Öberg"


def test_a_number_is_never_used_twice(api: Api) -> None:
    body = {"Customer": {"Name": "A", "CustomerNumber": api.customer()}}
    assert api.refused("POST", "customers", body) == refusals.CUSTOMER_NUMBER_USED
    assert api.send("DELETE", "customers/1").status_code == 204
    assert api.refused("GET", "customers/1", status=404) == refusals.CUSTOMER_NOT_FOUND
    assert api.refused("POST", "customers", body) == refusals.CUSTOMER_NUMBER_USED
    assert api.customer() == "2"


def test_a_customer_with_documents_cannot_be_removed(api: Api) -> None:
    number = api.invoice()["CustomerNumber"]
    assert api.refused("DELETE", f"customers/{number}") == refusals.IN_USE


def test_an_empty_string_is_ignored_and_api_blank_clears(api: Api) -> None:
    number = api.customer(City="Stockholm", Comments="Ring först")
    changed = api.put(f"customers/{number}", {"Customer": {"City": "", "Comments": "API_BLANK"}})
    assert (changed["City"], changed["Comments"]) == ("Stockholm", None)


def test_the_country_is_written_as_a_code_and_read_as_a_name(api: Api) -> None:
    number = api.customer(CountryCode="SE")
    assert api.get(f"customers/{number}")["Customer"]["Country"] == "Sverige"
    assert api.put(f"customers/{number}", {"Customer": {"Country": ""}})["Country"] == "Sverige"
    answer = api.send("PUT", f"customers/{number}", {"Customer": {"Country": "Sverige"}})
    assert answer.status_code == 400 and "Ogiltig landskod: SVERIGE" in answer.json()["ErrorInformation"]["message"]
    body = {"Customer": {"Name": "A", "CountryCode": "ZZ"}}
    assert api.refused("POST", "customers", body) == refusals.INVALID_COUNTRY


@pytest.mark.parametrize(
    "number",
    [
        "SE556012345601",
        "DE123456789",
        "ATU12345678",
        "NL123456789B01",
        "EL123456789",
        "FR12345678901",
        "IE1234567WA",
        "XI123456789",
        "GB123456789",
        "NO123456789MVA",
        "se556012345601",
    ],
)
def test_a_vat_number_has_its_countrys_form(api: Api, number: str) -> None:
    assert api.customer(VATNumber=number) == "1"


@pytest.mark.parametrize("number", ["556012-3456", "SE5560123456", "SE556012345602", "DE12345678", "ATU1234567", "123"])
def test_another_vat_number_is_refused(api: Api, number: str) -> None:
    body = {"Customer": {"Name": "A", "VATNumber": number}}
    assert api.refused("POST", "customers", body) == refusals.INVALID_VAT_NUMBER


def test_an_old_bad_vat_number_blocks_every_change(api: Api) -> None:
    number = api.customer()
    api.books.customers.register.records[number].fields["VATNumber"] = "556012-3456"
    assert api.refused("PUT", f"customers/{number}", {"Customer": {"City": "Umeå"}}) == refusals.INVALID_VAT_NUMBER


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Currency": "JPY"}, refusals.CURRENCY_NOT_REGISTERED),
        ({"SalesAccount": "1999"}, refusals.NO_SUCH_ACCOUNT),
        ({"Email": "nobody"}, refusals.INVALID_VALUE),
        ({"TermsOfPayment": "99"}, refusals.INVALID_VALUE),
        ({"CountryCode": "SWE"}, refusals.TOO_LONG),
        ({"GLN": "12345678901ab"}, refusals.NOT_NUMERIC),
    ],
)
def test_a_bad_customer_is_refused(api: Api, fields: dict[str, str], code: int) -> None:
    assert api.refused("POST", "customers", {"Customer": {"Name": "A", **fields}}) == code


def test_nested_defaults_are_merged(api: Api) -> None:
    number = api.customer(DefaultDeliveryTypes={"Invoice": "EMAIL"})
    types = api.get(f"customers/{number}")["Customer"]["DefaultDeliveryTypes"]
    assert types == {"Invoice": "EMAIL", "Order": "PRINT", "Offer": "PRINT"}


def test_an_article_with_a_missing_account_cannot_be_changed(api: Api) -> None:
    body = {"Article": {"Description": "Vara", "SalesAccount": 1999}}
    assert api.refused("POST", "articles", body) == refusals.NO_SUCH_ACCOUNT
    assert api.post("articles", {"Article": {"Description": "Vara", "SalesAccount": 3001}})["ArticleNumber"] == "1"
    del api.books.ledger.accounts[2][3001]
    assert api.refused("PUT", "articles/1", {"Article": {"Description": "Ny"}}) == refusals.NO_SUCH_ACCOUNT


def test_currencies_and_modes_of_payment_can_be_added(api: Api) -> None:
    api.post("currencies", {"Currency": {"Code": "JPY", "Description": "Yen", "SellRate": "6.5", "Unit": 100}})
    assert api.invoice(Currency="JPY")["CurrencyUnit"] == 100
    body = {"ModeOfPayment": {"Code": "STRIPE", "AccountNumber": "1686"}}
    assert api.refused("POST", "modesofpayments", body) == refusals.NUMBER_USED
    assert api.put("modesofpayments/STRIPE", {"ModeOfPayment": {"AccountNumber": "1580"}})["AccountNumber"] == "1580"
    body = {"ModeOfPayment": {"Code": "X", "AccountNumber": "1999"}}
    assert api.refused("POST", "modesofpayments", body) == refusals.NO_SUCH_ACCOUNT


def test_predefined_accounts_can_be_moved(api: Api) -> None:
    assert api.get("predefinedaccounts/ROUNDOFF")["PreDefinedAccount"]["Account"] == 3740
    api.put("predefinedaccounts/ROUNDOFF", {"PreDefinedAccount": {"Account": 3790}})
    assert {"Name": "ROUNDOFF", "Account": 3790}.items() <= next(
        account for account in api.get("predefinedaccounts")["PreDefinedAccounts"] if account["Name"] == "ROUNDOFF"
    ).items()
    body = {"PreDefinedAccount": {"Account": 1999}}
    assert api.refused("PUT", "predefinedaccounts/ROUNDOFF", body) == refusals.ACCOUNT_INVALID
    body = {"PreDefinedAccount": {"Account": 37}}
    assert api.refused("PUT", "predefinedaccounts/ROUNDOFF", body) == refusals.ACCOUNT_FORMAT
    assert api.refused("GET", "predefinedaccounts/NONE", status=404) == refusals.PREDEFINED_ACCOUNT_NOT_FOUND
    assert api.get("predefinedvoucherseries/INVOICE")["PreDefinedVoucherSeries"]["VoucherSeries"] == "B"


def test_the_company_tells_who_it_is(api: Api) -> None:
    information = api.get("companyinformation")["CompanyInformation"]
    assert (information["DatabaseNumber"], information["OrganizationNumber"]) == (1051660, "556677-8899")
    settings = api.get("settings/company")["CompanySettings"]
    assert (settings["DatabaseNumber"], settings["VATNumber"]) == ("1051660", "SE556677889901")
    assert api.get("me")["MeInformation"]["SysAdmin"] is False
