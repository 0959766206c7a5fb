"""What the tables tell: one SQL file for each kind of alert, with the tables it needs."""

from __future__ import annotations

from datetime import date, datetime
from importlib.resources import files

import duckdb

from fortstripe_dagster.alerts import circumstances
from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.business_day import today as local_today
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

QUERIES = {
    "document": ("delivery.documents",),
    "proof": ("proof.tie_out", "proof.items"),
    "dispute": ("stripe.disputes",),
    "payment_failure": ("stripe.payment_failures",),
    "watchdog": ("ledger.watchdogs",),
    "unknown": ("ledger.movements",),
    "closing": ("delivery.documents",),
}
"""The files in sql/, each named after its kind of alert: columns subject, text, remedy, urgent, lasts."""


def find(settings: Settings, warehouse: Warehouse, now: datetime) -> list[Alert]:
    """Every alert that holds now, but for the kinds that nobody wants; urgent ones first."""
    with warehouse.writer() as connection:
        _prepare(connection, settings, local_today(now))
        found = [alert for kind in QUERIES for alert in _of_kind(connection, kind)]
        found += circumstances.in_tables(connection, settings, now)
        connection.remove_function("money")  # which all writers of this process would have
    found += circumstances.of_login(settings, now)
    wanted = [alert for alert in found if alert.kind not in settings.alerts.leave_out]
    return sorted(wanted, key=lambda alert: not alert.urgent)


def _of_kind(connection: duckdb.DuckDBPyConnection, kind: str) -> list[Alert]:
    if not all(has_table(connection, table) for table in QUERIES[kind]):
        return []
    query = files(__package__).joinpath("sql", f"{kind}.sql").read_text(encoding="utf-8")
    return [Alert(kind, *row) for row in connection.execute(query).fetchall()]  # type: ignore[arg-type]


def _prepare(connection: duckdb.DuckDBPyConnection, settings: Settings, today: date) -> None:
    """The day and the company's choices as variables, and amounts as people write them."""
    for name, value in {
        "today": today,
        "evidence_days": settings.alerts.evidence_days,
        "failed_payment_days": settings.alerts.failed_payment_days,
        "close_day": settings.alerts.close_day,
        "close_warning_days": settings.alerts.close_warning_days,
    }.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    connection.create_function("money", _money, ["BIGINT", "VARCHAR"], "VARCHAR")


def _money(minor: int, currency: str) -> str:
    return f"{to_decimal(minor, currency)} {currency.upper()}"
