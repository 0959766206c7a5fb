"""What became of requests whose answer was lost. Each is looked up by its reference, and counts as not done only after
two empty look-ups, the last at least `settle_seconds` after the send: Fortnox's lists lag behind its writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import sleep

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Intent
from fortstripe_dagster.delivery.sending.steps import Context, look_up, number_of
from fortstripe_dagster.failures import Failure

Progress = Callable[[str], None]

LAG_SECONDS = 5.0
"""Between two looks, however long ago the send was: what Fortnox took last is in its lists by then (3 s were seen)."""


def resolve(context: Context, progress: Progress) -> Counter[str]:
    """Find out about every open intent; afterwards none is open. Counts the steps that took effect.

    Raises FortnoxError when Fortnox cannot be read, DeliveryStopped when it has a document twice.
    """
    opened = context.journal.open_intents()
    found: Counter[str] = Counter()
    if not opened:
        return found
    progress(f"delivery: looking up {len(opened)} requests whose answer was lost")
    unseen = [intent for intent in opened if not _find(context, intent, found)]
    if unseen:
        _settle(unseen, context.settings.fortnox.settle_seconds, progress)
    for intent in unseen:
        if not _find(context, intent, found):
            context.journal.answer(intent.intent, "not_found")
    return found


def _find(context: Context, intent: Intent, found: Counter[str]) -> bool:
    document = _document(context, intent)
    answer = look_up(context, document, intent.step, intent.at)
    if answer is None:
        return False
    context.journal.answer(intent.intent, "found", number=number_of(document, answer), body=answer)
    found[f"{document.kind}.{intent.step}"] += 1
    return True


def _document(context: Context, intent: Intent) -> Document:
    document = history.sealed_by_id(context.journal, [intent.document_id]).get(intent.document_id)
    if document is None:
        raise Failure(
            f"The journal holds an intent for {intent.document_id} without its seal.",
            "restore the journal from a backup.",
        )
    return document


def _settle(intents: Sequence[Intent], settle_seconds: float, progress: Progress) -> None:
    newest = max(intent.at for intent in intents)
    left = settle_seconds - (datetime.now(UTC) - newest).total_seconds()
    left = max(left, min(LAG_SECONDS, settle_seconds))
    progress(f"delivery: {len(intents)} not seen in Fortnox yet; looking again in {left:.0f} s")
    sleep(left)
