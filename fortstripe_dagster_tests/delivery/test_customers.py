"""Customers: matched before they are created, and never looked up one by one."""

from __future__ import annotations

from pathlib import Path

from fortstripe_dagster_tests.delivery.house import House, house


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
