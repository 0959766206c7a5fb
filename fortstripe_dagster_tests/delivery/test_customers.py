"""Customers: matched before they are created, and never looked up one by one."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster_tests.delivery.house import House, house

LATER = date(2026, 3, 9)


def in_fortnox(home: House, **fields: str) -> str:
    """A customer that a person entered."""
    return home.books.customers.create({"Name": "Någon", **fields}).key


def customer_of(home: House, sale_id: str) -> str:
    return next(
        str(invoice.header["CustomerNumber"])
        for invoice in home.books.invoices.all.values()
        if invoice.header["ExternalInvoiceReference1"] == sale_id
    )


def test_a_customer_is_matched_by_number_organisation_or_person_and_else_created(home: House) -> None:
    in_fortnox(home, CustomerNumber="cus_known", Name="Helt annan")
    company = in_fortnox(home, Name="Bolaget AB", OrganisationNumber="5566778899")
    person = in_fortnox(home, Name="anna  berg ", Email="ANNA@example.com")
    in_fortnox(home, Name="Anna Berg", Email="anna@example.com.au")
    home.sale("ch_1", 10000, customer="cus_known", name="Vem")
    home.sale("ch_2", 10000, customer="cus_ab", name="Bolaget", organisation_number="556677-8899", buyer="business")
    home.sale("ch_3", 10000, customer="cus_anna", name="Anna Berg", email="anna@example.com")
    home.sale("ch_4", 10000, customer="cus_new", name="Anna Berg", email="annan@example.com")
    report = home.deliver()
    assert [customer_of(home, f"ch_{n}") for n in (1, 2, 3, 4)] == ["cus_known", company, person, "cus_new"]
    assert report.written["customer.create"] == 1
    assert report.requests["GET customers"] == 1
    home.sale("ch_5", 10000, customer="cus_anna", name="Anna Lund", email="anna@example.com")
    again = home.deliver()
    assert customer_of(home, "ch_5") == person and "GET customers" not in again.requests


def test_doubles_in_fortnox_are_reported_not_made(home: House) -> None:
    first = in_fortnox(home, Name="Anna Berg", Email="anna@example.com")
    second = in_fortnox(home, Name="Anna Berg", Email="anna@example.com")
    home.sale("ch_1", 10000)
    report = home.deliver()
    assert customer_of(home, "ch_1") == first
    assert any(second in finding for finding in report.findings)


def test_guests_are_one_customer_for_each_address_and_one_for_all_without(home: House) -> None:
    for number, email in enumerate(["a@example.com", "A@example.com ", "b@example.com", None, None], 1):
        home.sale(f"ch_{number}", 10000, customer=None, name=f"Gäst {number}", email=email)
    home.deliver()
    numbers = [customer_of(home, f"ch_{number}") for number in range(1, 6)]
    assert numbers[0] == numbers[1] != numbers[2] and numbers[3] == numbers[4] == "guests-se_taxable"
    assert numbers[0].startswith("guest-") and "@" not in "".join(numbers)
    with home.journal() as journal:
        assert not any("@" in row[0] for row in journal.rows("SELECT document_id FROM seals"))


def test_fortnox_own_numbers_if_the_company_wants_them(tmp_path: Path) -> None:
    with house(tmp_path, customer_numbers="fortnox") as home:
        home.sale("ch_1", 10000)
        home.deliver()
        home.sale("ch_2", 10000)
        home.deliver()
        assert customer_of(home, "ch_1") == customer_of(home, "ch_2") == "1"
        assert home.books.customers.get("1")["ExternalReference"] == "cus_1"


def test_an_odd_name_address_or_number_stops_no_payment(home: House) -> None:
    home.sale("ch_1", 10000, name='Åsa "Å" 😀 <Ek>', email="inte en adress", description="😀")
    home.sale("ch_2", 10000, customer="cus_2", email="o'hara@example.com", vat_number="SE123", organisation_number="1")
    assert home.deliver().exit_code == 0
    assert home.books.customers.get("cus_1")["Name"].startswith("Åsa")
    assert home.books.customers.get("cus_2")["Email"] is None


def test_a_number_that_was_taken_meanwhile_is_ours(home: House) -> None:
    home.sale("ch_1", 10000)
    plan = home.plan()
    assert plan.counts()["customer"] == 1
    home.gateway.faults.list_lag = 3600
    in_fortnox(home, CustomerNumber="cus_1", Name="Anna Berg")
    assert home.deliver().exit_code == 0
    assert len(home.books.customers.register.records) == 1


def test_a_change_in_stripe_writes_the_changed_fields_and_no_others(home: House) -> None:
    home.sale("ch_1", 10000, name="Anna Berg", email="anna@example.com")
    home.deliver()
    home.books.customers.update("cus_1", {"Phone1": "08-1", "Address1": "Ny väg 1"})
    home.sale("ch_2", 10000, name="Anna Lund", email="anna@example.com", day=LATER)
    report = home.deliver()
    assert report.exit_code == 0 and report.written["customer_change.update"] == 1
    put = next(call for call in home.gateway.calls if call.method == "PUT" and "customers" in call.path)
    assert json.loads(put.body) == {"Customer": {"Name": "Anna Lund"}}
    customer = home.books.customers.get("cus_1")
    assert (customer["Name"], customer["Phone1"], customer["Address1"]) == ("Anna Lund", "08-1", "Ny väg 1")
    assert home.deliver().nothing_to_do
    home.sale("ch_3", 10000, name="Anna Berg", email="anna@example.com", day=LATER + timedelta(days=1))
    assert home.deliver().written["customer_change.update"] == 1
    assert home.books.customers.get("cus_1")["Name"] == "Anna Berg"


def test_an_older_sale_brings_no_old_name_back_and_a_lacking_address_clears_nothing(home: House) -> None:
    home.sale("ch_2", 10000, name="Anna Lund", email="anna@example.com", day=LATER)
    home.deliver()
    home.sale("ch_1", 10000, name="Anna Berg", email="anna@example.com")
    home.sale("ch_3", 10000, name="Anna Lund", email=None, day=LATER + timedelta(days=1))
    report = home.deliver()
    assert report.exit_code == 0 and "customer_change.update" not in report.written


def test_what_people_keep_in_fortnox_is_theirs(home: House) -> None:
    home.sale("ch_1", 10000, name="Anna Berg", email="anna@example.com")
    home.deliver()
    home.sale("ch_2", 10000, name="Anna Lund", email="lund@example.com", day=LATER)
    home.deliver(customer_fields_owned_by_fortnox=("name",))
    customer = home.books.customers.get("cus_1")
    assert (customer["Name"], customer["Email"]) == ("Anna Berg", "lund@example.com")


def test_a_customer_that_was_there_before_is_changed_from_what_stripe_said_then(home: House) -> None:
    person = in_fortnox(home, Name="anna berg", Email="anna@example.com", Phone1="08-1")
    home.sale("ch_1", 10000, name="Anna Berg", email="anna@example.com")
    home.deliver()
    assert home.books.customers.get(person)["Name"] == "anna berg"
    home.sale("ch_2", 10000, name="Anna Berg", email="berg@example.com", day=LATER)
    home.deliver()
    customer = home.books.customers.get(person)
    assert (customer["Name"], customer["Email"], customer["Phone1"]) == ("anna berg", "berg@example.com", "08-1")
    assert customer_of(home, "ch_2") == person


@pytest.mark.parametrize("taken", [True, False], ids=["took effect", "did not"])
def test_a_lost_answer_to_a_change_changes_once(home: House, taken: bool) -> None:
    home.sale("ch_1", 10000, name="Anna Berg")
    home.deliver()
    home.sale("ch_2", 10000, name="Anna Lund", day=LATER)
    lost = iter([True])

    def first(call: Call) -> bool:
        return call.method == "PUT" and "customers" in call.path and next(lost, False)

    if taken:
        home.gateway.faults.lose_answer = first
    else:
        home.gateway.faults.answer = lambda call: DroppedConnection() if first(call) else None
    report = home.deliver()
    assert report.exit_code == 0 and home.books.customers.get("cus_1")["Name"] == "Anna Lund"
    assert home.writes().count("PUT customers/cus_1") == (1 if taken else 2)


def test_a_change_that_fortnox_refuses_is_held_and_stops_no_invoice(home: House) -> None:
    home.sale("ch_1", 10000, name="Anna Berg")
    home.deliver()
    home.sale("ch_2", 10000, name="Anna Lund", day=LATER)
    refusal = {"ErrorInformation": {"error": 1, "message": "Momsregistreringsnumret", "code": 2000637}}
    home.gateway.faults.answer = lambda call: (
        JSONResponse(refusal, 400) if call.method == "PUT" and "customers" in call.path else None
    )
    report = home.deliver()
    assert [item.kind for item in report.held] == ["customer_change"]
    assert len(home.books.invoices.all) == 2


def test_guests_may_be_one_customer_for_each_treatment(tmp_path: Path) -> None:
    with house(tmp_path, guests="collective") as home:
        home.sale("ch_1", 10000, customer=None, name="A", email="a@example.com")
        home.sale("ch_2", 10000, customer=None, name="B", email="b@example.com")
        home.sale(
            "ch_3", 10000, customer=None, name="C AB", email="c@example.com", vat_number="DE123456789",
            buyer="business", rate=0, account="3308", box="39", treatment="eu_business_services",
        )  # fmt: skip
        home.deliver()
        assert customer_of(home, "ch_1") == customer_of(home, "ch_2") == "guests-se_taxable"
        assert customer_of(home, "ch_3").startswith("guest-")
        customer = home.books.customers.get("guests-se_taxable")
        assert customer["Email"] is None and customer["Name"] == "Stripe-kunder utan uppgifter"


def test_a_credit_stays_with_the_customer_of_its_invoice(home: House) -> None:
    home.sale("ch_1", 10000, customer=None, name="A", email="a@example.com")
    home.deliver()
    home.credit("re_1", "ch_1", 10000, day=LATER)
    home.deliver(guests="collective")
    numbers = {str(invoice.header["CustomerNumber"]) for invoice in home.books.invoices.all.values()}
    assert len(home.books.invoices.all) == 2 and len(numbers) == 1


def test_after_the_first_time_only_what_changed_in_the_list_is_read(home: House) -> None:
    old = in_fortnox(home, Name="Bo", Email="bo@example.com")
    home.sale("ch_1", 10000, customer="cus_1", name="Anna", email="anna@example.com")
    home.deliver()
    new = in_fortnox(home, Name="Cia", Email="cia@example.com")
    home.sale("ch_2", 10000, customer="cus_2", name="Bo", email="bo@example.com")
    home.sale("ch_3", 10000, customer="cus_3", name="Cia", email="cia@example.com")
    asked = len(home.gateway.calls)
    assert home.deliver().exit_code == 0
    lists = [call for call in home.gateway.calls[asked:] if call.method == "GET" and call.path == "/3/customers"]
    assert ["lastmodified" in call.query for call in lists] == [True]
    assert (customer_of(home, "ch_2"), customer_of(home, "ch_3")) == (old, new)
    home.sql("UPDATE delivery.fortnox_customers_read SET whole_at = whole_at - INTERVAL 8 DAY")
    home.books.customers.register.delete(old)
    home.sale("ch_4", 10000, customer="cus_4", name="Bo", email="bo@example.com")
    assert home.deliver().written["customer.create"] == 1
    assert customer_of(home, "ch_4") == "cus_4"
