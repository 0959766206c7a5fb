"""A change of settings is for what comes; what is in Fortnox follows only when a person asks for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery import Journal
from fortstripe_dagster.delivery.journal import choice_sets
from fortstripe_dagster.operations import pipeline
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import at, new_world

SALES, MOVED = 3001, 3106


def change_the_sales_account(company: Running) -> None:
    sales = {**company.settings.accounts.sales, "25": str(MOVED)}
    accounts = company.settings.accounts.model_copy(update={"sales": sales})
    company.settings = company.settings.model_copy(update={"accounts": accounts})


def balance(company: Running, account: int) -> Decimal:
    return company.general_ledger().get(str(account), Decimal(0))


def planned(company: Running) -> list[str]:
    warehouse = Warehouse(company.settings.warehouse_path)
    plan = delivery.plan(company.settings, warehouse, MARCH, progress=company.said.append)
    assert plan.held == ()
    return [document.document_id for document in plan.to_send if document.posts]


def test_what_is_sent_follows_new_settings_on_request_alone_which_is_shown_before_it_reposts(tmp_path: Path) -> None:
    world = new_world()
    sold = world.one_off_payment(at=at(3), amount=12500, name="Anna")
    world.one_off_payment(at=at(12), amount=25000, name="Bo")
    with running(world, tmp_path, sales="daily_voucher") as company:
        assert company.sync().exit_code == 0
        assert balance(company, SALES) == Decimal("-300.00")

        # A late fact of a sale that went under the old choices is booked as they say, a new sale as the new ones do.
        change_the_sales_account(company)
        world.refund(sold, at=at(5), amount=12500)
        world.one_off_payment(at=at(13), amount=50000, name="Cia")
        assert company.sync().delivered.exit_code == 0
        assert (balance(company, SALES), balance(company, MOVED)) == (Decimal("-200.00"), Decimal("-400.00"))
        assert planned(company) == []

        warehouse = Warehouse(company.settings.warehouse_path)
        pipeline.replan(company.settings, warehouse, date(2026, 3, 10), "own account", "Karin", company.said.append)
        assert planned(company) == ["voucher:2026-03-12:SEK:sales:2"]
        assert (balance(company, SALES), balance(company, MOVED)) == (Decimal("-200.00"), Decimal("-400.00"))

        assert company.sync().exit_code == 0
        assert (balance(company, SALES), balance(company, MOVED)) == (Decimal(0), Decimal("-600.00"))
        assert planned(company) == []
        with Journal(company.settings.journal_path) as journal:
            asked = journal.rows("SELECT from_day, reason, who FROM replans")
            changed = choice_sets.changes(journal)
        assert [tuple(row) for row in asked] == [("2026-03-10", "own account", "Karin")]
        assert [(part, name, before, after) for _, part, name, before, after in changed] == [
            ("accounts", "sales:25", str(SALES), str(MOVED))
        ]
