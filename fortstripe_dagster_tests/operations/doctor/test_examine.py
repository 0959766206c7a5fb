"""The doctor over real HTTP: what it reads of Stripe and Fortnox, with the faults that only they can show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fortstripe_dagster.delivery.sending.connection import connect
from fortstripe_dagster.fortnox import Retries
from fortstripe_dagster.operations.doctor import Diagnosis, examine
from fortstripe_dagster.operations.doctor.company import days_to_look_at
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import RateLimit
from fortstripe_dagster.sandbox.fortnox.oauth import SCOPES
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster_tests.companies import Running
from fortstripe_dagster_tests.operations.small_world import booked

TODAY = date(2026, 4, 15)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A company whose month is booked."""
    with booked().once_more(tmp_path_factory.mktemp("doctor")) as served:
        yield served


def doctor(company: Running, today: date = TODAY, **changes: Any) -> Diagnosis:
    settings = company.settings.model_copy(update=changes)
    return examine(settings, company.said.append, today)


def found(diagnosis: Diagnosis, check: str) -> list[tuple[str, str]]:
    return [
        (finding.severity, finding.what)
        for examined in diagnosis.examined
        if examined.name == check
        for finding in examined.findings
    ]


def test_it_reads_and_writes_nothing(company: Running) -> None:
    before = company.writes()
    calls = len(company.fortnox.calls)
    diagnosis = doctor(company)
    assert diagnosis.exit_code == 0, diagnosis.text()
    assert company.writes() == before
    assert {call.method for call in company.fortnox.calls[calls:] if call.path.startswith("/3/")} == {"GET"}
    assert len(company.fortnox.calls) - calls <= 35


@pytest.mark.parametrize("whole", [True, False], ids=["whole kronor", "öre"])
def test_rounding_is_seen_on_an_invoice_itself(company: Running, whole: bool) -> None:
    books = Books(Company(round_to_krona=whole))
    with serve(fortnox_app(books)) as server:
        addresses: dict[str, Any] = {"fortnox_api_base": server.url, "fortnox_auth_base": server.url}
        client = connect(company.settings.model_copy(update=addresses))
        client.post("/3/customers", {"Customer": {"CustomerNumber": "1", "Name": "Karin"}})
        row = {
            "Description": "Kurs",
            "DeliveredQuantity": 1,
            "Price": Decimal("10.32"),
            "VAT": 25,
            "AccountNumber": 3001,
        }
        invoice = {"CustomerNumber": "1", "InvoiceDate": "2026-04-14", "InvoiceRows": [row]}
        client.post("/3/invoices", {"Invoice": invoice})
        severity, what = found(doctor(company, **addresses), "rounding")[0]
    assert severity == ("warning" if whole else "ok"), what


def test_a_permission_that_the_key_lacks_is_named(company: Running) -> None:
    with serve(stripe_app(company.world, forbidden={"rak_dispute_read", "rak_balance_read"})) as narrow:
        diagnosis = doctor(company, stripe_api_base=narrow.url)
    lacking = [what for severity, what in found(diagnosis, "stripe_permissions") if severity == "error"]
    assert any("rak_dispute_read" in what for what in lacking)
    assert any("rak_balance_read" in what for what in lacking)
    assert diagnosis.exit_code == 3


def test_a_scope_that_was_not_consented_to_is_named_and_the_rest_examined(company: Running) -> None:
    app = fortnox_app(company.books, scopes=SCOPES - {"payment", "currency"}, limit=RateLimit(requests=10**6))
    with serve(app) as narrow:
        diagnosis = doctor(company, fortnox_api_base=narrow.url, fortnox_auth_base=narrow.url)
    lacking = [what for severity, what in found(diagnosis, "fortnox_scopes") if severity == "error"]
    assert [what.split()[0] for what in lacking] == ["payment", "currency"]
    assert "2000663" in lacking[0]
    assert found(diagnosis, "currencies")[0][0] == "warning"
    assert found(diagnosis, "accounts")[0][0] == "ok"


def test_a_wrong_secret_and_a_closed_port_end_in_findings_without_it(
    company: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retries, "pause", lambda self, error, attempt: None)
    wrong = doctor(company, fortnox_client_secret=SecretStr("very-wrong-secret"))
    assert found(wrong, "fortnox_login")[0][0] == "error"
    assert "fortstripe connect" in wrong.text() and "very-wrong-secret" not in wrong.text()
    closed = doctor(company, fortnox_api_base="http://127.0.0.1:9", stripe_api_base="http://127.0.0.1:9")
    assert found(closed, "fortnox_login")[0][0] == "error"
    assert found(closed, "stripe_account")[0][0] == "error"
    assert closed.exit_code == 3


def test_the_journal_of_another_company_is_seen(company: Running) -> None:
    with serve(fortnox_app(Books(Company(tenant_id=99)))) as other:
        diagnosis = doctor(company, fortnox_api_base=other.url, fortnox_auth_base=other.url, fortnox_tenant_id="99")
    assert "journal belongs to Fortnox company" in found(diagnosis, "fortnox_login")[0][1]


def test_a_company_without_a_journal_gets_none_from_being_looked_at(company: Running, tmp_path: Path) -> None:
    fresh = doctor(company, home=tmp_path / "fresh")
    assert fresh.exit_code == 0
    assert not (tmp_path / "fresh" / "journal.sqlite").exists()


def test_the_days_looked_at_reach_each_year_and_the_next_one_in_time() -> None:
    assert days_to_look_at(date(2024, 12, 30), date(2026, 2, 3))[0] == date(2024, 12, 30)
    assert date(2027, 1, 1) in days_to_look_at(date(2026, 1, 1), date(2026, 11, 1))
    assert max(days_to_look_at(date(2026, 1, 1), date(2026, 10, 1))) < date(2027, 1, 1)
