"""Tell each channel what it has not heard yet, and what is over; remember what it took.

A channel that fails hears everything with the next run; the others are not held up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.alerts.channels import NotSent, channels
from fortstripe_dagster.alerts.memory import Memory, is_news
from fortstripe_dagster.alerts.message import Message
from fortstripe_dagster.failures import WarehouseError
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.alerts import AlertKind
from fortstripe_dagster.settings.reachable import Reachable
from fortstripe_dagster.warehouse import Warehouse, has_table

FILE = "alerts.sqlite"


@dataclass(frozen=True)
class Told:
    """How many alerts and solved ones each channel was told now, and which channels did not take it."""

    sent: dict[str, int]
    failed: tuple[NotSent, ...]

    def text(self) -> str:
        """For a terminal or a log."""
        lines = [f"{channel}: {count} told" for channel, count in self.sent.items()]
        return "\n".join([*lines, *(str(failure) for failure in self.failed)]) or "no channel is configured"


def tell(
    settings: Settings | Reachable,
    warehouse: Warehouse | None,
    found: Sequence[Alert],
    now: datetime,
    *,
    not_looked_at: Collection[AlertKind] = (),
) -> Told:
    """Send what is new in `found`, which is all that holds now, but for the kinds `not_looked_at`.

    Without a warehouse the company is named by its file.
    """
    chosen = channels(settings)
    sent: dict[str, int] = {}
    failed = []
    company = _company(settings, warehouse) if chosen else ""
    repeat = timedelta(days=settings.alerts.repeat_days)
    holding = {alert.key for alert in found}
    with Memory(settings.home / FILE) as memory:
        for name, send in chosen.items():
            known = memory.known(name)
            news = [alert for alert in found if is_news(alert, known.get(alert.key), now, repeat)]
            gone = [
                each for each in known.values()
                if each.key not in holding and each.key.split(":")[0] not in not_looked_at
            ]  # fmt: skip
            left_out = settings.alerts.leave_out  # nobody wants to hear that it is over either
            over = [each for each in gone if each.lasts and each.key.split(":")[0] not in left_out]
            message = Message(company, news, over)
            try:
                if message.alerts or message.over:
                    send(message)
            except NotSent as failure:
                failed.append(failure)
                continue
            memory.note(name, news, gone, now)
            sent[name] = len(message.alerts) + len(message.over)
    return Told(sent, tuple(failed))


def _company(settings: Settings | Reachable, warehouse: Warehouse | None) -> str:
    """Whose books: the name of the Stripe account, and the company in Fortnox."""
    if warehouse is None:
        return settings.company
    name = None
    try:
        with warehouse.writer() as connection:
            if has_table(connection, "stripe.account"):
                row = connection.execute("SELECT name FROM stripe.account").fetchone()
                name = row[0] if row else None
    except WarehouseError:
        pass  # that it is busy or broken may be the very thing to be told
    return name or f"Fortnox {settings.fortnox_tenant_id}"
