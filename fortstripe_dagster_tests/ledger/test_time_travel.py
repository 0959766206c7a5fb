"""The ledger of a past moment stands beside today's, as it was, and changes nothing."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.extract.replay import replay
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import as_of, build, choices_of
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import at, new_world, served_settings

ACCOUNTS = "SELECT account, sum(debit - credit)::VARCHAR FROM {}.lines GROUP BY 1 ORDER BY 1"


def test_the_ledger_of_then_and_of_now(tmp_path: Path) -> None:
    world = new_world()
    sold = world.one_off_payment(at=at(3), amount=12500, name="Anna")
    with ExitStack() as running:
        settings = served_settings(world, tmp_path, running.enter_context)
        warehouse = Warehouse(settings.warehouse_path)

        def accounts(schema: str) -> list[tuple[str, str]]:
            with warehouse.writer() as connection:
                return connection.execute(ACCOUNTS.format(schema)).fetchall()

        def book(days: Days) -> None:
            extract(settings, warehouse, days, progress=lambda line: None)
            build(settings, warehouse, days=days)

        book(Days(MARCH.first, at(10).date()))
        then, before = datetime.now(UTC), accounts("ledger")
        world.refund(sold, at=at(12), amount=12500)
        moved = settings.accounts.model_copy(update={"processing_fee": "6579"})
        settings = settings.model_copy(update={"accounts": moved})
        book(MARCH)
        now = accounts("ledger")

        past = as_of(warehouse, then, replay)
        assert accounts("ledger_past") == before != now
        assert "refund" not in past.entries
        as_of(warehouse, then, replay, choices=choices_of(settings).digest, schema="ledger_then_under_now")
        assert dict(accounts("ledger_then_under_now"))["6579"] == dict(before)["6570"]
        assert accounts("ledger") == now
        with pytest.raises(ConfigurationError, match="no choice set"):
            as_of(warehouse, then, replay, choices="unheard of")
