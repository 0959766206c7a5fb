"""Reading Fortnox: what cannot be trusted or read proves nothing, and no lock is held meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import simplejson
from starlette.responses import Response

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import ClientCredentials, Fortnox, Limiter, Retries
from fortstripe_dagster.proof import prove
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company, Host, again, company

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


@pytest.fixture(scope="module")
def booked(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The month in Fortnox; nothing is proven yet."""
    found = company(month, tmp_path_factory.mktemp("booked") / "home", host)
    found.book()
    return found


@pytest.fixture(scope="module")
def proven(booked: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, list[Call], list[object]]:
    """A company that was proven, the calls of the proof, and what the warehouse told while Fortnox answered."""
    found = again(booked, tmp_path_factory.mktemp("proven") / "home")
    seen: list[object] = []

    def look(call: Call) -> None:
        if "/sie/" in call.path:
            with Warehouse(found.warehouse.path, wait_seconds=0.1).writer() as connection:
                seen.append(connection.execute("SELECT count(*) FROM ledger.entries").fetchone())

    found.app.faults.answer = look
    assert found.prove().ok
    return found, list(found.app.calls), seen


def test_one_sie_file_for_each_year_and_few_requests(proven: tuple[Company, list[Call], list[object]]) -> None:
    asked = [f"{call.method} {call.path}" for call in proven[1] if "/oauth" not in call.path]
    assert sorted(asked) == ["GET /3/customers", "GET /3/financialyears", *["GET /3/invoices"] * 4, "GET /3/sie/4"]


def test_nothing_is_written_to_fortnox(booked: Company, proven: tuple[Company, list[Call], list[object]]) -> None:
    assert not any(call.writes for call in proven[1] if "/oauth" not in call.path)
    assert len(proven[0].books.vouchers()) == len(booked.books.vouchers()) > 0


def test_the_warehouse_is_free_while_fortnox_answers(proven: tuple[Company, list[Call], list[object]]) -> None:
    assert len(proven[2]) == 1


def test_the_client_is_made_from_the_settings(booked: Company, tmp_path: Path) -> None:
    found = again(booked, tmp_path / "home")
    assert prove(found.settings, found.warehouse, MARCH, lambda line: None).ok


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/sie/", Response("oj", status_code=500), "Fortnox could not be read"),
        ("/sie/", Response(b"#VER A 1 20260301 x\r\n{\r\n#TRANS 1930 {} 1\r\n}\r\n"), "cannot be trusted"),
        ("/sie/", Response(b"#FLAGGA 0\r\n#RAR 0 20250101 20251231\r\n"), "sent those of 2025-01-01…2025-12-31"),
        ("/financialyears", Response('{"FinancialYears": []}', media_type="application/json"), "no financial year"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_proves_nothing(
    proven: tuple[Company, list[Call], list[object]], tmp_path: Path, path: str, answer: Response, said: str
) -> None:
    company = again(proven[0], tmp_path / "home")
    company.app.faults.answer = on(path, answer)
    with pytest.raises(Failure, match=said) as caught:
        prove(company.settings, company.warehouse, MARCH, lambda line: None, fortnox=impatient(company))
    assert caught.value.remedy
    assert company.sql("SELECT count(*) FROM proof.runs") == [(1,)], "the proof before it stands"


def test_a_wrong_secret_is_told_without_the_secret(booked: Company, tmp_path: Path) -> None:
    company = again(booked, tmp_path / "home")
    with pytest.raises(Failure) as caught:
        prove(company.settings, company.warehouse, MARCH, lambda line: None, fortnox=impatient(company, "geheim"))
    assert "geheim" not in str(caught.value)


def test_a_balance_that_the_user_may_not_see_is_not_zero(booked: Company, tmp_path: Path) -> None:
    company = again(booked, tmp_path / "home")
    item = {"DocumentNumber": "7", "InvoiceDate": "2026-03-02", "Total": 100, "Balance": "API_NORIGHT", "Booked": True}
    page = {"MetaInformation": {"@TotalResources": 1, "@TotalPages": 1, "@CurrentPage": 1}, "Invoices": [item]}
    company.app.faults.answer = on("/invoices", Response(simplejson.dumps(page), media_type="application/json"))
    with pytest.raises(Failure, match="does not show Balance of invoice 7"):
        company.prove()


def test_nothing_to_prove_before_the_first_delivery(company: Company) -> None:
    with pytest.raises(Failure, match="no delivery.documents") as caught:
        company.prove(Days(date(2026, 3, 2), date(2026, 3, 3)))
    assert "fortstripe sync" in caught.value.remedy
