"""The plan as one HTML page without outside parts: what will be written, day by day, and what it does to the books."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from pathlib import Path

from fortstripe_dagster.delivery.planning.effects import effect
from fortstripe_dagster.delivery.planning.plan import Plan
from fortstripe_dagster.pages import templates, write_whole

SHOWN = 2000
"""Documents that are shown one by one; a browser chokes on the invoices of a whole busy year."""


def write(plan: Plan, path: Path) -> Path:
    """Write the page, whole or not at all."""
    return write_whole(path, as_html(plan))


def path_for(home: Path, plan: Plan) -> Path:
    """Where the page of a plan stands by default."""
    return (home / "plan" / f"plan-{plan.days.first}_{plan.days.last}.html").absolute()


def as_html(plan: Plan) -> str:
    """The page. Every text in it is escaped: names and descriptions come from customers."""
    environment = templates("fortstripe_dagster.delivery.planning", money=_money)
    writes = sorted((*plan.to_send, *plan.awaiting), key=lambda d: (d.day, d.kind, d.document_id))
    awaiting = {document.document_id for document in plan.awaiting}
    days = [
        (
            day,
            [
                (kind, [(document, effect([document], plan.boxes)) for document in documents])
                for kind, documents in ((kind, list(each)) for kind, each in groupby(members, key=lambda d: d.kind))
            ],
        )
        for day, members in ((day, list(each)) for day, each in groupby(writes[:SHOWN], key=lambda d: d.day))
    ]
    return environment.get_template("plan.html").render(
        plan=plan,
        days=days,
        total=effect(writes, plan.boxes),
        awaiting=awaiting,
        hidden=max(len(writes) - SHOWN, 0),
        groups=(("Held", plan.held), ("Waiting", plan.waiting), ("Undone", plan.undone)),
    )


def _money(value: Decimal) -> str:
    """Two decimals, thousands apart, nothing for zero."""
    return f"{value:,.2f}".replace(",", "\u00a0") if value else ""
