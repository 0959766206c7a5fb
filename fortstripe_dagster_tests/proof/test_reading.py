"""Reading Fortnox: what cannot be trusted or read proves nothing, and no lock is held meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import simplejson
from starlette.responses import Response

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import ClientCredentials, Fortnox, Limiter, Retries
from fortstripe_dagster.proof import prove
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company

Answer = Callable[[Call], Response | None]


def on(path: str, answer: Response) -> Answer:
    """Answers requests of a path, leaves the rest to the stand-in."""
    return lambda call: answer if path in call.path else None


def impatient(company: Company, secret: str = "sandbox-secret") -> Fortnox:
    """A client that gives up at once."""
    base = company.settings.fortnox_api_base
    return Fortnox(
        api_base=base,
        auth=ClientCredentials(base, "sandbox", secret, company.settings.fortnox_tenant_id),
        limiter=Limiter(interval=0, per_window=10**6),
        retries=Retries(tries=1),
    )


def test_one_sie_file_for_each_year_and_few_requests(company: Company) -> None:
    company.book()
    before = len(company.app.calls)
    company.prove()
    asked = [f"{call.method} {call.path}" for call in company.app.calls[before:] if "/oauth" not in call.path]
    assert sorted(asked) == ["GET /3/customers", "GET /3/financialyears", *["GET /3/invoices"] * 4, "GET /3/sie/4"]


def test_nothing_is_written_to_fortnox(company: Company) -> None:
    company.book()
    before = len(company.books.vouchers())
    company.prove()
    assert not any(call.writes for call in company.app.calls if "/oauth" not in call.path)
    assert len(company.books.vouchers()) == before


def test_the_warehouse_is_free_while_fortnox_answers(company: Company) -> None:
    company.book()
    seen: list[object] = []

    def look(call: Call) -> None:
        if "/sie/" in call.path:
            with Warehouse(company.warehouse.path, wait_seconds=0.1).writer() as connection:
                seen.append(connection.execute("SELECT count(*) FROM ledger.entries").fetchone())

    company.app.faults.answer = look
    company.prove()
    assert len(seen) == 1


def test_the_client_is_made_from_the_settings(company: Company) -> None:
    company.book()
    assert prove(company.settings, company.warehouse, MARCH, lambda line: None).ok


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/sie/", Response("oj", status_code=500), "Fortnox could not be read"),
        ("/sie/", Response(b"#VER A 1 20260301 x\r\n{\r\n#TRANS 1930 {} 1\r\n}\r\n"), "cannot be trusted"),
        ("/sie/", Response(b"#FLAGGA 0\r\n#RAR 0 20250101 20251231\r\n"), "sent those of 2025-01-01…2025-12-31"),
        ("/financialyears", Response('{"FinancialYears": []}', media_type="application/json"), "no financial year"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_proves_nothing(company: Company, path: str, answer: Response, said: str) -> None:
    company.book()
    assert company.prove().ok
    company.app.faults.answer = on(path, answer)
    with pytest.raises(Failure, match=said) as caught:
        prove(company.settings, company.warehouse, MARCH, lambda line: None, fortnox=impatient(company))
    assert caught.value.remedy
    assert company.sql("SELECT count(*) FROM proof.runs") == [(1,)], "the proof before it stands"


def test_a_wrong_secret_is_told_without_the_secret(company: Company) -> None:
    company.book()
    with pytest.raises(Failure) as caught:
        prove(company.settings, company.warehouse, MARCH, lambda line: None, fortnox=impatient(company, "geheim"))
    assert "geheim" not in str(caught.value)


def test_a_balance_that_the_user_may_not_see_is_not_zero(company: Company) -> None:
    company.book()
    item = {"DocumentNumber": "7", "InvoiceDate": "2026-03-02", "Total": 100, "Balance": "API_NORIGHT", "Booked": True}
    page = {"MetaInformation": {"@TotalResources": 1, "@TotalPages": 1, "@CurrentPage": 1}, "Invoices": [item]}
    company.app.faults.answer = on("/invoices", Response(simplejson.dumps(page), media_type="application/json"))
    with pytest.raises(Failure, match="does not show Balance of invoice 7"):
        company.prove()


def test_nothing_to_prove_before_the_first_delivery(company: Company) -> None:
    with pytest.raises(Failure, match="no delivery.documents") as caught:
        company.prove(Days(date(2026, 3, 2), date(2026, 3, 3)))
    assert "fortstripe sync" in caught.value.remedy
