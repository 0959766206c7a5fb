"""Approval in Dagster: a person's run approves what the plan holds and writes it, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fortstripe_dagster.assets.approval import approval_job
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.partitions import daily
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.failures import HELD
from fortstripe_dagster_tests.delivery.house import House, house

LOGIN: dict[str, Any] = {"FORTNOX_CLIENT_ID": "sandbox", "FORTNOX_CLIENT_SECRET": "sandbox-secret"}
FEES = "voucher:2026-03-02:SEK:fees"


def run(home: House, monkeypatch: pytest.MonkeyPatch, **config: object) -> dg.ExecuteInProcessResult:
    home.write_ledger()
    monkeypatch.setattr(Company, "settings", lambda self: home.settings)
    days = {"first_day": "2026-03-01", "last_day": "2026-03-31", "who": "Eva Ek"}
    with dg.instance_for_test() as instance:
        return approval_job(Place(daily(home.settings.start_date))).execute_in_process(
            run_config={"ops": {"approve_then_apply": {"config": {**days, **config}}}},
            resources={"company": Company()}, instance=instance, raise_on_error=False,
        )  # fmt: skip


def test_what_a_person_approves_is_written_and_the_rest_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house(tmp_path, approval="manual", **LOGIN) as home:
        home.fee("txn_1:fee", 300)
        home.payout("po_1", 500)
        assert home.deliver().exit_code == HELD and not home.vouchers()
        assert run(home, monkeypatch, documents=[FEES]).success
        assert set(home.vouchers()) == {FEES}
        assert home.sql("SELECT document_id, who FROM delivery.approvals") == [(FEES, "Eva Ek")]
        again = home.deliver()
        assert [item.document_id for item in again.awaiting] == ["voucher:2026-03-02:po_1:created"]
        assert run(home, monkeypatch, everything=True).success
        assert home.deliver().nothing_to_do


def test_approving_what_does_not_wait_fails_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house(tmp_path, approval="manual", **LOGIN) as home:
        home.fee("txn_1:fee", 300)
        assert not run(home, monkeypatch, documents=["voucher:nothing"]).success
        assert not home.vouchers()
