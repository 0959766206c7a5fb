"""A night whose documents a person must approve: it ends well, holds nothing up, and the proof explains what waits.
The one after it meets a type that no rule knows: nothing is delivered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from fortstripe_dagster import delivery
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import running
from fortstripe_dagster_tests.ledger.books import at, new_world
from fortstripe_dagster_tests.operations.environment import configure

DAY = Days(date(2026, 3, 12), date(2026, 3, 12))


NEWS = ("events", "charges", "balance_transactions", "references", "balances")
"""What of Stripe is read for a sale and a balance transaction more."""


def test_a_night_ends_awaiting_approval_and_a_type_that_no_rule_knows_stops_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.one_off_payment(at=at(12), amount=12500, name="Anna")
    with running(world, tmp_path / "home") as company:
        configure(company.settings, tmp_path, monkeypatch)
        monkeypatch.setenv("FORTSTRIPE_APPROVAL", "manual")
        night = build_definitions(company.settings, Company()).resolve_job_def("daily_sync")
        with dg.DagsterInstance.ephemeral() as instance:
            tonight = night.execute_in_process(instance=instance, partition_key=DAY.first.isoformat())
        checks = {check.check_name: check.passed for check in tonight.get_asset_check_evaluations()}
        assert tonight.success and all(passed for name, passed in checks.items() if name.startswith("equation"))
        assert company.general_ledger() == {}, "nobody has approved anything"
        with company.warehouse() as connection:
            waiting = connection.execute(
                "SELECT count(*), count(*) FILTER (status = 'awaiting approval') FROM delivery.documents"
            ).fetchone()
            kinds = dict(connection.execute("SELECT kind, count(*) FROM proof.items GROUP BY 1").fetchall())
        assert waiting is not None and waiting[1] > 0
        assert kinds.get("awaiting approval"), kinds
        for held in (company.settings.journal_path, company.settings.warehouse_path):
            with FileLock(held.with_suffix(".lock"), timeout=0):
                pass
        manual = company.settings.model_copy(update={"approval": "manual"})
        warehouse = Warehouse(manual.warehouse_path)
        planned = delivery.plan(manual, warehouse, DAY, progress=company.said.append)
        delivery.approve(
            manual, [(document.document_id, document.content_hash) for document in planned.awaiting], "Eva"
        )
        written = delivery.deliver(manual, warehouse, DAY, progress=company.said.append).written
        assert written["invoice.create"] == 1 and company.general_ledger()

        monkeypatch.delenv("FORTSTRIPE_APPROVAL")
        delivered = company.writes()
        world.one_off_payment(at=at(12, 14), amount=25000, name="Bo")
        world.balance_transaction(at=at(12, 15), type="quantum_leap", amount=-700)
        later = [key for key in night.asset_layer.selected_asset_keys if key.path[0] != "stripe"]
        with dg.DagsterInstance.ephemeral() as instance:
            stopped = night.execute_in_process(
                instance=instance,
                partition_key=DAY.first.isoformat(),
                asset_selection=[*(dg.AssetKey(["stripe", name]) for name in NEWS), *later],
                raise_on_error=False,
            )
        failed = [check.check_name for check in stopped.get_asset_check_evaluations() if not check.passed]
        assert not stopped.success and failed == ["no_unknown_types"]
        assert company.writes() == delivered > 0
