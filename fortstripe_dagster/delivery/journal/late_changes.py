"""Closed days that changed after they were delivered: kept in the journal until a later run includes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from fortstripe_dagster.business_day import today
from fortstripe_dagster.delivery.journal.journal import Journal

WHY = "what the day holds changed after it was delivered"


def keep(journal_path: Path, changed: Mapping[date, str]) -> dict[date, str]:
    """Note those of the changed days that a run had delivered, and return them; the others were never closed."""
    with Journal(journal_path) as journal:
        closed = {day: content for day, content in changed.items() if _was_run(journal, day)}
        journal.touch(closed, WHY)
    return closed


def waiting(journal_path: Path) -> list[date]:
    """Closed days that changed since the last run that included them, in order."""
    if not journal_path.is_file():
        return []
    with Journal(journal_path) as journal:
        return [day for day in journal.touched() if day < today()]


def changed_at(journal_path: Path, first: date, last: date) -> str:
    """When the newest change to one of these days was noted."""
    with Journal(journal_path) as journal:
        rows = journal.rows(
            "SELECT max(at) FROM touched_days WHERE day BETWEEN ? AND ?", [first.isoformat(), last.isoformat()]
        )
    return str(rows[0][0])


def ranges(days: Sequence[date], most: int) -> list[tuple[date, date]]:
    """Days in order as ranges without a gap, each of at most `most` days: exactly these and no other."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day == found[-1][1] + timedelta(days=1) and (day - found[-1][0]).days < most:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _was_run(journal: Journal, day: date) -> bool:
    return bool(journal.rows("SELECT 1 FROM runs WHERE ? BETWEEN first_day AND last_day LIMIT 1", [day.isoformat()]))
