"""Fortnox's customer list, kept in the warehouse: after the first time only what changed since is read.

What changed does not show who was removed, so the whole list is read again once a week. Until then a removed customer
may be matched; Fortnox refuses the invoice, which is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from fortstripe_dagster.delivery.customers.customers import Listed
from fortstripe_dagster.delivery.sending.steps import lastmodified
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

WHOLE_AGAIN = timedelta(days=7)
"""How old the whole list may grow before it is read again."""


@dataclass(frozen=True)
class _Kept:
    customers: dict[str, Listed]
    whole_at: datetime
    changes_at: datetime


def read(warehouse: Warehouse, fortnox: Fortnox, tenant_id: str, *, keep: bool) -> tuple[Listed, ...]:
    """The list as it is now. `keep` stores it for the next time. Raises FortnoxError when it cannot be read."""
    started = datetime.now(UTC)
    kept = _kept(warehouse, tenant_id)
    if kept is None or started - kept.whole_at > WHOLE_AGAIN:
        kept = _Kept({}, started, started)
        params = {}
    else:
        params = {"lastmodified": lastmodified(kept.changes_at)}
    # A list that changes while it is read may show a customer twice.
    changed = {(one := Listed.of(item)).number: one for item in fortnox.pages("/3/customers", "Customers", params)}
    if keep:
        _store(warehouse, tenant_id, _Kept({}, kept.whole_at, started), list(changed.values()))
    return tuple({**kept.customers, **changed}.values())


def kept_in(settings: Settings, warehouse: Warehouse) -> Warehouse:
    """Where the list is kept: in the company's warehouse, or in one file for all that share a Fortnox company."""
    return Warehouse(settings.customer_list_path, say=warehouse.say) if settings.company else warehouse


def _kept(warehouse: Warehouse, tenant_id: str) -> _Kept | None:
    with warehouse.writer() as connection:
        if not has_table(connection, "delivery.fortnox_customers_read"):
            return None
        moments = connection.execute(
            "SELECT whole_at, changes_at FROM delivery.fortnox_customers_read WHERE tenant_id = ?", [tenant_id]
        ).fetchone()
        rows = connection.execute("SELECT number, name, email, organisation_number FROM delivery.fortnox_customers")
        return _Kept({row[0]: Listed(*row) for row in rows.fetchall()}, *moments) if moments else None


def _store(warehouse: Warehouse, tenant_id: str, kept: _Kept, changed: Sequence[Listed]) -> None:
    whole = kept.whole_at == kept.changes_at
    with warehouse.transaction() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS delivery")
        connection.execute(files(__package__).joinpath("customer_list.sql").read_text(encoding="utf-8"))
        connection.execute("DELETE FROM delivery.fortnox_customers_read")
        connection.execute(
            "INSERT INTO delivery.fortnox_customers_read VALUES (?, ?, ?)",
            [tenant_id, kept.whole_at, kept.changes_at],
        )
        columns = [list(column) for column in zip(*map(astuple, changed), strict=True)] or [[], [], [], []]
        connection.execute(
            "DELETE FROM delivery.fortnox_customers WHERE ? OR number IN (SELECT unnest(?::VARCHAR[]))",
            [whole, columns[0]],
        )
        connection.execute(
            "INSERT INTO delivery.fortnox_customers SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
            " unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            columns,
        )
