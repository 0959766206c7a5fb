"""What the journal keeps of rules and settings: the choice sets that entries were sealed under, requests to re-plan.

A choice set is a text with a digest (schema `ledger` makes both). An entry keeps the one it was last sealed under,
until a person asks that entries from a day on follow those of the day of asking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from fortstripe_dagster.delivery.documents.exact_json import loads
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.settings import Settings

_UNDER = """
    WITH last_seal AS (
        SELECT e.entry_id, e.day, e.choices, s.at, max(e.seal)
        FROM sealed_entries e JOIN firm_seals s USING (seal) WHERE e.choices IS NOT NULL GROUP BY e.entry_id
    ),
    in_force AS (
        SELECT entry_id, day,
               coalesce((SELECT r.choices FROM replans r WHERE r.from_day <= l.day AND r.at > l.at
                         ORDER BY r.at DESC LIMIT 1), l.choices) AS choices
        FROM last_seal l
    )
    SELECT f.entry_id, f.day, c.text FROM in_force f JOIN choice_sets c USING (choices) WHERE f.choices <> ?
"""


def sealed_under_others(settings: Settings, choices: str) -> list[tuple[str, Mapping[str, date]]]:
    """Sealed entries for which others than these choices (a digest) are in force: that text, and the days by entry."""
    if not settings.journal_path.exists():
        return []
    found: dict[str, dict[str, date]] = defaultdict(dict)
    with Journal(settings.journal_path) as journal:
        for row in journal.rows(_UNDER, [choices]):
            found[row["text"]][row["entry_id"]] = date.fromisoformat(row["day"])
    return list(found.items())


def request_replan(settings: Settings, since: date, reason: str, who: str, choices: tuple[str, str]) -> None:
    """Record that a person wants entries from a day on to follow `choices` (digest and text), whatever they were
    sealed under. The next build of the ledger shows the difference, the next plan how it is corrected."""
    digest, text = choices
    with Journal(settings.journal_path) as journal:
        journal.keep_choices({digest: text})
        journal.replan(since, digest, reason, who)


def changes(journal: Journal) -> list[tuple[datetime, str, str, str | None, str | None]]:
    """What changed in rules and settings, and when it was first delivered: (moment, part, name, before, after)."""
    found = []
    before: Mapping[str, Any] | None = None
    for row in journal.rows("SELECT text, at FROM choice_sets ORDER BY at"):
        after = loads(row["text"])
        if before is not None:
            at = datetime.fromisoformat(row["at"]).astimezone(UTC)
            for part in sorted({*before, *after}):
                one, other = _flat(before.get(part)), _flat(after.get(part))
                found += [
                    (at, part, name, one.get(name), other.get(name))
                    for name in sorted({*one, *other})
                    if one.get(name) != other.get(name)
                ]
        before = after
    return found


def _flat(part: Any) -> dict[str, str | None]:
    """A part of a choice set as values by name; a list's are numbered, a single value has no name."""
    if isinstance(part, Mapping):
        return {str(name): None if value is None else str(value) for name, value in part.items()}
    if isinstance(part, list):
        return {str(number): str(value) for number, value in enumerate(part, 1)}
    return {} if part is None else {"": str(part)}
