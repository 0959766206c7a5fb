"""`fortstripe forget`: what goes, what the books keep, and that nothing comes back or moves in Fortnox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.extract import extract
from fortstripe_dagster.extract.forgotten import fields
from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.operations.forgetting import Forgotten, forget, kept_until
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.security.written import written

OTHER = "minna.kvar@example.com"
NAMES = {"first": "Ottilia Glömmström", "second": "Torsten Glapp", "idle": "Idel Tystberg"}
"""Two who bought by invoice and by card, and one who never did."""


GUESTS = ("Gunnar Gästman", "G. Gästman")
LATE = "Hedda Gästlund"
"""Buyers without a customer in Stripe: one who wrote the name in two ways, and another."""


def email_of(who: str) -> str:
    return f"{who}.person@example.com"


def street_of(who: str) -> str:
    return f"{who.capitalize()}gatan 17"


@dataclass
class Stage:
    """A company whose month is booked, and its customers by who they are."""

    company: Running
    ids: dict[str, str]

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.company.settings.warehouse_path)

    def forget(self, customer: str, today: date | None = None) -> Forgotten:
        return forget(
            self.company.settings, self.warehouse, customer, "she asked", "Karin", self.company.said.append, today
        )

    def places_of(self, *texts: str) -> set[str]:
        """The tables of the warehouse and its copy with one of these; what the journal and Fortnox say of it apart."""
        home, sought = self.company.settings.home, [text.encode() for text in texts]
        names = {place for place, content in written(home) if " " in place and any(t in content for t in sought)}
        theirs = ("journal.sqlite", " delivery.", " proof.fortnox_")
        return {name for name in names if not any(part in name for part in theirs)}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    world = World(seed=5)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    ids = {}
    for who, name in NAMES.items():
        customer = world.customer(
            name=name, email=email_of(who), line1=street_of(who), city="Falun", postal_code="791 31", at=at
        )
        ids[who] = customer["id"]
        if who != "idle":
            world.one_off_payment(at=at, amount=25000, customer=customer, description="Kurs")
            invoice = world.invoice(at=at, customer=customer, lines=[Line(description="Plan", unit_amount=10000)])
            world.pay_invoice(invoice, at=at)
    world.one_off_payment(at=at, amount=12500, customer=world.customer(name="Minna Kvar", email=OTHER, at=at))
    for name, who in (*((name, "Guest") for name in GUESTS), (LATE, "late")):
        world.one_off_payment(at=at, amount=40000, name=name, email=email_of(who))
    home = tmp_path_factory.mktemp("forgotten")
    with running(world, home, sales="invoice", attachments="off") as company:
        assert company.sync().exit_code == 0
        page = home / "plan" / "plan.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text("<p>Ottilia Gl&ouml;mmstr&ouml;m, Ottilia Glömmström</p>")
        yield Stage(company, ids)


def test_contact_goes_name_stays_with_the_sale_and_the_books_do_not_move(stage: Stage) -> None:
    assert {place.split(".")[-1] for place in stage.places_of(email_of("first"))} >= {
        "customers",
        "parties",
        "invoices",
    }
    before, wrote = stage.company.general_ledger(), stage.company.writes()
    done = stage.forget(stage.ids["first"])
    assert done.kept_until == date(2033, 12, 31)
    assert "until 2033-12-31" in done.text() and "In Fortnox" in done.text()
    assert "plan/plan.html" in done.text()
    assert not stage.places_of(email_of("first"))
    with stage.company.warehouse() as connection:
        parties = "SELECT DISTINCT name, email FROM ledger.parties WHERE customer = ?"
        assert connection.execute(parties, [stage.ids["first"]]).fetchall() == [(NAMES["first"], None)]
    assert stage.places_of(OTHER)
    again = delivery.deliver(stage.company.settings, stage.warehouse, MARCH, progress=stage.company.said.append)
    assert again.nothing_to_do
    assert (stage.company.general_ledger(), stage.company.writes()) == (before, wrote)


def test_of_who_never_bought_nothing_is_left(stage: Stage) -> None:
    assert stage.places_of(NAMES["idle"])
    files = (stage.company.settings.warehouse_path, stage.company.settings.home / "warehouse.read.duckdb")
    assert all(street_of("idle").encode() in file.read_bytes() for file in files)
    done = stage.forget(stage.ids["idle"])
    assert done.kept_until is None
    assert not any(street_of("idle").encode() in file.read_bytes() for file in files)
    assert not stage.places_of(NAMES["idle"], email_of("idle"), street_of("idle"))


def test_after_the_years_that_the_law_demands_name_and_address_go_and_vat_stays(stage: Stage) -> None:
    sums = "SELECT account, sum(debit - credit) FROM ledger.lines GROUP BY 1 ORDER BY 1"
    with stage.company.warehouse() as connection:
        before = connection.execute(sums).fetchall()
    assert stage.forget(stage.ids["second"], today=date(2034, 1, 1)).kept_until is None
    assert not stage.places_of(NAMES["second"], email_of("second"), street_of("second"))
    with stage.company.warehouse() as connection:
        assert connection.execute(sums).fetchall() == before
        place = connection.execute(
            "SELECT country, postal_code FROM stripe.customers WHERE id = ?", [stage.ids["second"]]
        )
        assert place.fetchall() == [("SE", "791 31")]


def test_it_stands_in_the_treatment_history_with_who_when_and_why(stage: Stage) -> None:
    history = delivery.treatment_history(stage.company.settings, stage.warehouse)
    told = {item.document_id: item for item in history.treatments if item.action == "forget"}
    first = told[f"customer:{stage.ids['first']}"]
    assert first.who == "Karin"
    assert first.why == "she asked (erased: contact)"
    assert told[f"customer:{stage.ids['second']}"].why == "she asked (erased: contact, name, address)"
    assert email_of("first") not in str(first)


def test_a_guest_is_forgotten_by_the_address_and_known_again_by_its_digest(stage: Stage) -> None:
    address = email_of("guest")
    assert stage.places_of(address, email_of("Guest"))
    before, wrote = stage.company.general_ledger(), stage.company.writes()
    done = stage.forget(f" {address.upper()}")
    assert done.customer.startswith("guest:") and address not in done.text() and done.objects["charges"] == 2
    assert done.kept_until == date(2033, 12, 31) and "until 2033-12-31" in done.text()
    assert not stage.places_of(address, email_of("Guest"))
    with stage.company.warehouse() as connection:
        query = "SELECT name, email FROM ledger.parties WHERE list_contains(?, name) ORDER BY name"
        assert connection.execute(query, [[*GUESTS]]).fetchall() == [(name, None) for name in sorted(GUESTS)]
    again = delivery.deliver(stage.company.settings, stage.warehouse, MARCH, progress=stage.company.said.append)
    assert again.nothing_to_do
    assert (stage.company.general_ledger(), stage.company.writes()) == (before, wrote)
    history = delivery.treatment_history(stage.company.settings, stage.warehouse)
    (told,) = [item for item in history.treatments if item.document_id == f"customer:{done.customer}"]
    assert told.why == "she asked (erased: contact)"


def test_what_stripe_still_tells_is_not_stored_again(stage: Stage) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for who in ("first", "idle"):
        thing = stage.company.world.find("customer", stage.ids[who])
        assert thing is not None
        thing["preferred_locales"] = ["fi-FI"]
        stage.company.world.emit("customer.updated", thing, an_hour_ago)
    for charge in stage.company.world.all("charge"):
        stage.company.world.emit("charge.updated", charge, an_hour_ago)
    extract(stage.company.settings, stage.warehouse, MARCH, progress=stage.company.said.append)
    with stage.company.warehouse() as connection:
        told = connection.execute(
            "SELECT id, raw ->> '$.preferred_locales[0]', raw ->> '$.email' FROM stripe.raw_objects"
            " WHERE stream = 'customers' AND list_contains(?, id) ORDER BY id",
            [[stage.ids["first"], stage.ids["idle"]]],
        ).fetchall()
    assert [(locale, email) for _, locale, email in told] == [("fi-FI", None)] * 2
    assert not stage.places_of(NAMES["idle"], email_of("first"), email_of("guest"), email_of("Guest"))
    assert stage.places_of(OTHER)


def test_after_the_years_a_guests_name_goes_too(stage: Stage) -> None:
    assert stage.places_of(LATE)
    assert stage.forget(email_of("late"), today=date(2034, 1, 1)).kept_until is None
    assert not stage.places_of(LATE, email_of("late"))
    with pytest.raises(Failure, match="Nothing is known of .* as a guest"):
        stage.forget(email_of("late"))


def test_whom_nobody_knows_and_what_is_no_customer_are_refused(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="Nothing is known of cus_nobody"):
        stage.forget("cus_nobody")
    with pytest.raises(ConfigurationError, match="no id of a Stripe customer"):
        stage.forget("Minna")
    with pytest.raises(Failure, match="as a guest.*name cus_"):
        stage.forget(OTHER)
    assert stage.places_of(OTHER)
    with pytest.raises(Failure, match="Nothing is known of"):  # nothing was synced yet
        forget(stage.company.settings, Warehouse(tmp_path / "new.duckdb"), OTHER, "he asked", "Karin", print)


def test_years_are_counted_from_the_end_of_the_financial_year_and_ten_under_oss() -> None:
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse; USE warehouse; CREATE SCHEMA ledger; CREATE SCHEMA proof")
    connection.execute("CREATE TABLE ledger.sales (sale_id VARCHAR, event_day DATE, treatment VARCHAR)")
    connection.execute("CREATE TABLE ledger.parties (sale_id VARCHAR, party_id VARCHAR)")
    connection.execute("INSERT INTO ledger.parties VALUES ('a', 'cus_a'), ('b', 'cus_b')")
    connection.execute(
        "INSERT INTO ledger.sales VALUES ('a', '2026-08-01', 'se_taxable'), ('b', '2026-08-01', 'oss_x')"
    )
    assert kept_until(connection, "cus_a") == date(2033, 12, 31)
    assert kept_until(connection, "cus_b") == date(2036, 12, 31)
    connection.execute("CREATE TABLE proof.fortnox_years (first_day DATE, last_day DATE)")
    connection.execute("INSERT INTO proof.fortnox_years VALUES ('2026-05-01', '2027-04-30')")
    assert kept_until(connection, "cus_a") == date(2034, 12, 31)
    assert kept_until(connection, "cus_nobody") is None


def test_nothing_that_the_books_need_is_on_the_list() -> None:
    for name, stream in STREAMS.items():
        if name != "events":  # of which only what they are of is needed
            paths = {field.path for field in fields(name, identity=True)}
            assert paths.isdisjoint((*stream.needs, "id", "object", "created", "deleted", "customer")), name
