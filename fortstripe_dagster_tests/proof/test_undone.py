"""What people ordered and what was corrected since is explained by name, and never an alarm."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.sandbox.merchant import Merchant
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company, Host, again, company, extracted


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small month, extracted and booked."""
    return extracted(Merchant(seed=7, payments=12).world(), tmp_path_factory.mktemp("small"), MARCH)


@pytest.fixture(scope="module")
def as_sent(small: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """That month with an invoice for each sale, in Fortnox and proven."""
    home = tmp_path_factory.mktemp("sent") / "home"
    found = company(small.model_copy(update={"sales": "invoice"}), home, host)
    assert deliver(found).exit_code == 0
    assert found.prove().ok
    return found


@pytest.fixture
def sent(as_sent: Company, tmp_path: Path) -> Company:
    """A copy of it."""
    return again(as_sent, tmp_path / "home")


def deliver(of: Company, days: Days = MARCH) -> DeliveryReport:
    return delivery.deliver(of.settings, of.warehouse, days, fortnox=of.fortnox, progress=lambda _: None)


def undo(of: Company, document_id: str, *, redo: bool = False) -> None:
    delivery.undo(
        of.settings, of.warehouse, document_id, "fel", "Eva", redo=redo, fortnox=of.fortnox, progress=lambda _: None
    )


def first(of: Company, kind: str, like: str = "%") -> str:
    query = "SELECT min(document_id) FROM delivery.documents WHERE kind = ? AND document_id LIKE ?"
    return str(of.sql(query, kind, like)[0][0])


def test_what_was_undone_is_explained_until_it_is_delivered_again(sent: Company) -> None:
    undone = [first(sent, "voucher", "%:fees"), first(sent, "invoice")]
    for document_id in undone:
        undo(sent, document_id)
    report = sent.prove()
    assert not report.alarms, report.text()
    explained = " ".join(item.id for item in report.items if item.kind == "undone")
    for document_id in undone:
        ((entries,),) = sent.sql("SELECT entry_ids FROM delivery.documents WHERE document_id = ?", document_id)
        assert entries and all(entry in explained for entry in entries), document_id
    for document_id in undone:
        undo(sent, document_id, redo=True)
    assert deliver(sent).exit_code == 0
    report = sent.prove()
    assert report.ok and not [item for item in report.items if item.kind == "undone"], report.text()


def test_a_corrected_invoice_is_proven(sent: Company) -> None:
    ((sale_id, day),) = sent.sql(
        "SELECT e.sale_id, e.event_day::VARCHAR FROM ledger.entries e JOIN ledger.lines l USING (entry_id)"
        " WHERE e.kind = 'sale' AND l.account = '3001' ORDER BY e.entry_id LIMIT 1"
    )
    for table, key in (("lines", "entry_id"), ("sale_rows", "sale_id")):
        name = f"{sale_id}:sale" if key == "entry_id" else sale_id
        sent.sql(f"UPDATE ledger.{table} SET account = '3540' WHERE {key} = ? AND account = '3001'", name)
    assert deliver(sent, Days(date.fromisoformat(day), date.fromisoformat(day))).documents() == {"voucher": 1}
    assert sent.prove().ok


def test_what_was_dated_later_is_explained(small: Settings, host: Host, tmp_path: Path) -> None:
    found = company(small.model_copy(update={"sales": "daily_voucher"}), tmp_path / "home", host)
    closed = date.fromisoformat("2026-03-10")
    settings = found.settings.model_copy(update={"closed_until": closed})
    delivery.deliver(settings, found.warehouse, MARCH, fortnox=found.fortnox, progress=lambda _: None)
    report = found.prove()
    assert not report.alarms, report.text()
    later = [item for item in report.items if item.kind == "dated later"]
    assert later and all("2026-03-11" in item.text and item.severity == "info" for item in later)
