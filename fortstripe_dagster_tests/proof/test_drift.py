"""What people change in Fortnox after delivery is found by the next proof, named, kept, and never written over."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import deliver
from fortstripe_dagster.proof import ProofReport
from fortstripe_dagster.proof.drift import Drift, drift
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host, again, company, extracted, local
from fortstripe_dagster_tests.proof.test_planted import unnoted

D = Decimal
WEEK = Days(date(2026, 3, 1), date(2026, 3, 7))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two customers who paid, one of them in part refunded."""
    world = World(seed=3, now=local(2, 20))
    for day, name in ((2, "Anna Berg"), (3, "Erik Lund")):
        customer = world.customer(
            name=name, email=f"kund{day}@example.com", country="SE", line1="Storgatan 1", city="Lund"
        )
        world.one_off_payment(at=local(3, day), amount=50000 * day, customer=customer)
    return extracted(world, tmp_path_factory.mktemp("week"), WEEK)


@pytest.fixture(scope="module")
def as_delivered(week: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The week delivered for real and proven once."""
    found = company(week, tmp_path_factory.mktemp("delivered") / "home", host)
    deliver(found.settings, found.warehouse, WEEK, fortnox=found.fortnox, progress=lambda line: None)
    report = found.prove(WEEK)
    assert report.ok and report.exit_code == 0, report.text()
    assert drifted(found) == ()
    return found


@pytest.fixture
def delivered(as_delivered: Company, tmp_path: Path) -> Company:
    """A copy of it for somebody to change."""
    return again(as_delivered, tmp_path / "home")


def drifted(company: Company, *, undone: bool = False) -> tuple[Drift, ...]:
    with company.warehouse.writer() as connection:
        return drift(connection, undone=undone)


def later(company: Company) -> None:
    """Let a person's edit be later than all that was delivered."""
    clock = company.books.clock
    company.books.clock = lambda: clock() + timedelta(minutes=5)


def proven(company: Company) -> ProofReport:
    return company.prove(WEEK)


def test_an_edited_invoice(delivered: Company) -> None:
    later(delivered)
    invoice = delivered.books.invoices.get(1)
    invoice.header.update(DueDate=date(2026, 5, 1), ExternalInvoiceReference1="X")
    invoice.modified = delivered.books.clock()
    report = proven(delivered)
    found = {each.what: each for each in drifted(delivered)}
    for what, severity, said in (
        ("DueDate", "info", "2026-05-01"),
        ("ExternalInvoiceReference1", "waits", "has ExternalInvoiceReference1 X"),
    ):
        each = found[what]
        assert (each.kind, each.severity, each.gone_at) == ("invoice changed", severity, None)
        assert each.document.startswith("invoice:ch_") and said in each.text and "invoice 1 " in each.text
        assert any(item.id == f"{each.document} {what}" for item in report.items)


def test_an_invoice_dated_anew_is_an_alarm_until_it_is_undone(delivered: Company) -> None:
    later(delivered)
    invoice = delivered.books.invoices.get(1)
    sent, invoice.header["InvoiceDate"] = invoice.header["InvoiceDate"], date(2026, 4, 2)
    invoice.modified = delivered.books.clock()
    report = proven(delivered)
    (found,) = [each for each in drifted(delivered) if each.what == "InvoiceDate"]
    assert (found.ours, found.theirs, found.severity) == (str(sent), "2026-04-02", "alarm")
    assert not report.ok
    proven(delivered)
    assert [each.found_at for each in drifted(delivered) if each.what == "InvoiceDate"] == [found.found_at], "once"
    invoice.header["InvoiceDate"] = sent
    invoice.modified = delivered.books.clock()
    assert proven(delivered).ok
    assert drifted(delivered) == ()
    assert [each.gone_at is not None for each in drifted(delivered, undone=True)] == [True], "it stays on record"


def test_a_cancelled_invoice(delivered: Company) -> None:
    later(delivered)
    invoice = delivered.books.invoices.get(2)
    invoice.cancelled = True
    invoice.modified = delivered.books.clock()
    report = proven(delivered)
    (found,) = [each for each in drifted(delivered) if each.kind == "invoice cancelled"]
    assert "invoice 2 " in found.text and "was cancelled in Fortnox" in found.text
    assert not report.ok and "voucher" not in found.document


def test_an_invoice_credited_by_hand(delivered: Company) -> None:
    later(delivered)
    delivered.books.invoices.credit(1)
    credit = max(delivered.books.invoices.all)
    report = proven(delivered)
    (found,) = [each for each in drifted(delivered) if each.kind == "invoice credited"]
    assert found.document == f"invoice {credit}" and found.ours and found.ours.startswith("invoice:ch_")
    assert "credits invoice 1 " in found.text and found.severity == "waits"
    assert report.exit_code != 0


def test_a_changed_customer(delivered: Company) -> None:
    later(delivered)
    number = next(iter(delivered.books.customers.register.records))
    delivered.books.customers.update(number, {"Name": "Anna Berg-Ek", "Address1": "Nygatan 9"})
    before = len(delivered.app.calls)
    report = proven(delivered)
    found = {each.what: each for each in drifted(delivered)}
    assert set(found) == {"Name", "Address1"} and {each.kind for each in found.values()} == {"customer changed"}
    assert found["Name"].theirs == "Anna Berg-Ek" and found["Address1"].ours == "Storgatan 1"
    assert report.ok and report.exit_code == 0, "it is told, and nothing has to be done"
    reads = [call for call in delivered.app.calls[before:] if "/customers" in call.path]
    assert [call.query["lastmodified"][:4] for call in reads] == ["2026"], "one list of changes, nobody read one by one"
    assert not [call for call in delivered.app.calls[before:] if call.writes]


def test_a_manual_voucher_says_when_it_was_entered(delivered: Company) -> None:
    number = unnoted(delivered, date(2026, 3, 5), {"1686": D(-500), "1930": D(500)}, "A")
    proven(delivered)
    (found,) = drifted(delivered)
    assert (found.kind, found.document, found.what) == ("voucher manual", f"voucher A {number} of 2026", "1686")
    assert found.changed_on is not None and found.severity == "waits"


def test_delivery_writes_over_nothing_that_a_person_changed(delivered: Company) -> None:
    later(delivered)
    number = next(iter(delivered.books.customers.register.records))
    delivered.books.customers.update(number, {"Address1": "Nygatan 9"})
    before = len(delivered.app.calls)
    deliver(delivered.settings, delivered.warehouse, WEEK, fortnox=delivered.fortnox, progress=lambda line: None)
    assert not [call for call in delivered.app.calls[before:] if call.writes]
    proven(delivered)
    assert [each.theirs for each in drifted(delivered)] == ["Nygatan 9"]
