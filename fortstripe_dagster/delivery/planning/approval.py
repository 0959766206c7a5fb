"""A person's approval of documents of the plan as it stands now; what is new or changes since then waits."""

from __future__ import annotations

from collections.abc import Callable, Collection

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.sending.deliver import approve, plan
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse


def approve_planned(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    who: str,
    documents: Collection[str] = (),
    *,
    everything: bool = False,
    fortnox: Fortnox | None = None,
    progress: Callable[[str], None] = print,
) -> int:
    """Approve documents that await it, by id or all, with what waits for them; how many approvals were new.

    Raises Failure when one of the ids, or nothing at all, awaits approval.
    """
    found = plan(settings, warehouse, days, fortnox=fortnox, progress=progress)
    # What waits for an unapproved document may be approved with it: one decision, not one for each link of a chain.
    asked = {document.document_id: document.content_hash for document in found.awaiting}
    asked |= {item.document_id: item.content_hash for item in found.waiting}
    chosen = {document: asked[document] for document in asked if everything or document in documents}
    unknown = set(documents) - set(chosen)
    if unknown or not chosen:
        raise Failure(
            f"Not awaiting approval: {', '.join(sorted(unknown)) or 'nothing is'}.",
            "`fortstripe plan` lists what is.",
        )
    return approve(settings, chosen.items(), who)
