"""One run as another process makes it, importable at little cost: what is killed in tests."""

from __future__ import annotations

from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import Patience, extract
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

HASTE = Patience(attempts=2, first_delay=0.01, longest_delay=0.02)


def read(choices: dict[str, Any], days: Days, warehouse: Warehouse | None = None) -> None:
    """Read everything of `days` from Stripe for a company with these choices."""
    settings = Settings(**choices)
    warehouse = warehouse or Warehouse(settings.warehouse_path, wait_seconds=5)
    extract(settings, warehouse, days, progress=lambda line: None, patience=HASTE)
