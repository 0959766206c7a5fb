"""Every name of a booked month leads to the same chain, and what nobody knows is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof.explain import Explanation, explain
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host, company


@pytest.fixture(scope="module")
def booked(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The month, booked in Fortnox with a voucher of somebody else's, and read back."""
    found = company(month, tmp_path_factory.mktemp("booked") / "home", host)
    with found.bookkeeper() as bookkeeper:
        bookkeeper.book_everything()
        bookkeeper.manual(date(2026, 3, 20), "Insättning", {"1686": Decimal(100), "1930": Decimal(-100)})
    found.prove()
    return found


def said(company: Company, name: str) -> Explanation:
    return explain(company.warehouse, name)


def first_sale(company: Company) -> tuple[str, str, str, int]:
    """Charge, entry, voucher series and number of the first sale that stands in Fortnox."""
    [row] = company.sql(
        "SELECT e.charge, e.entry_id, d.voucher_series, d.voucher_number FROM ledger.entries e"
        " JOIN delivery.documents d ON list_contains(d.entry_ids, e.entry_id)"
        " WHERE e.kind = 'sale' AND d.voucher_number IS NOT NULL ORDER BY e.event_day, e.entry_id LIMIT 1"
    )
    return row


def test_a_voucher_leads_to_entry_lines_charge_and_customer(booked: Company) -> None:
    charge, entry_id, series, number = first_sale(booked)
    found = said(booked, f"{series} {number}")
    text = found.text()
    assert entry_id in text
    assert charge in text
    assert "3001" in text and "2611" in text
    assert "Anna Berg" in text
    for other in (f"{series}{number}", f"voucher {series}-{number}", f"{series.lower()} {number}/2026"):
        assert said(booked, other).facts == found.facts


def test_stripe_ids_lead_to_the_same_entries(booked: Company) -> None:
    charge, entry_id, _, _ = first_sale(booked)
    by_charge = said(booked, charge)
    assert entry_id in [fact.id for fact in by_charge.facts]
    [transaction] = booked.sql("SELECT balance_transaction FROM stripe.charges WHERE id = ?", charge)[0]
    kinds = {fact.id: fact for fact in said(booked, transaction).facts}
    assert transaction in kinds
    below = {fact.kind for fact in kinds[transaction].below}
    assert {"document", "line", "balance_transaction", "charge", "sale"} <= below
    [customer] = booked.sql("SELECT customer FROM ledger.parties WHERE sale_id = ?", charge)[0]
    if customer:
        assert entry_id in [fact.id for fact in said(booked, customer).facts]


def test_an_account_and_day_lead_to_all_its_entries(booked: Company) -> None:
    wanted = {
        row[0]
        for row in booked.sql("SELECT entry_id FROM ledger.lines WHERE account = '1686' AND event_day = '2026-03-09'")
    }
    found = said(booked, "1686@2026-03-09")
    assert {fact.id for fact in found.facts} == wanted
    assert found.entries == len(wanted)
    assert found.facts == said(booked, "1686 2026-03-09").facts


def test_a_voucher_of_somebody_else_is_told_apart(booked: Company) -> None:
    [[series, number]] = booked.sql(
        "SELECT series, number FROM proof.fortnox_vouchers v WHERE NOT EXISTS (SELECT 1 FROM delivery.documents d"
        " WHERE d.voucher_series = v.series AND d.voucher_number = v.number)"
    )
    found = said(booked, f"{series} {number}")
    assert (found.entries, found.facts[0].kind) == (0, "foreign_voucher")
    assert [line.said for line in found.facts[0].below] == ["D 100.00", "K 100.00"]


def test_swedish_has_the_same_chain(booked: Company) -> None:
    charge = first_sale(booked)[0]
    swedish = explain(booked.warehouse, charge, "sv")
    assert [fact.id for fact in swedish.facts] == [fact.id for fact in said(booked, charge).facts]
    assert "debitering" in swedish.text() and "kund" in swedish.text()


@pytest.mark.parametrize(
    "name", ["ch_unknown", "S 99999", "99999999", "1686@2031-01-01", "'; DROP TABLE ledger.lines; --"]
)
def test_what_nobody_knows_is_refused(booked: Company, name: str) -> None:
    with pytest.raises(Failure, match="Nothing is known"):
        said(booked, name)
