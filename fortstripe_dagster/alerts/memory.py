"""alerts.sqlite: what was told to whom, so that nobody hears the same thing every night.

It may be lost: then everything that holds is told once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock

from fortstripe_dagster.alerts.alert import Alert

_TABLE = """
    CREATE TABLE IF NOT EXISTS told (
        channel TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, text TEXT NOT NULL, lasts INTEGER NOT NULL,
        told_at TEXT NOT NULL, PRIMARY KEY (channel, key)
    )
"""


@dataclass(frozen=True)
class Known:
    """An alert as it was told last."""

    key: str
    fingerprint: str
    text: str
    lasts: bool
    told_at: datetime


class Memory:
    """What was told before. One process at a time: two would both tell what is new."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = FileLock(path.with_suffix(".lock"))
        self._path = path

    def __enter__(self) -> Memory:
        self._turn.acquire()
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute(_TABLE)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._turn.release()

    def known(self, channel: str) -> dict[str, Known]:
        """What a channel was told and not yet told to be over, by key."""
        rows = self._connection.execute(
            "SELECT key, fingerprint, text, lasts, told_at FROM told WHERE channel = ?", [channel]
        )
        return {row[0]: Known(row[0], row[1], row[2], bool(row[3]), datetime.fromisoformat(row[4])) for row in rows}

    def note(self, channel: str, told: Iterable[Alert], over: Iterable[Known], now: datetime) -> None:
        """Remember what a channel has taken."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?)",
            [(channel, each.key, each.fingerprint, each.text, each.lasts, now.isoformat()) for each in told],
        )
        self._connection.executemany(
            "DELETE FROM told WHERE channel = ? AND key = ?", [(channel, each.key) for each in over]
        )
        self._connection.execute("COMMIT")


def is_news(alert: Alert, known: Known | None, now: datetime, repeat: timedelta) -> bool:
    """Whether a channel must hear of it: it is new, it says something else now, or it was told long ago."""
    if known is None or known.fingerprint != alert.fingerprint:
        return True
    return alert.lasts and now - known.told_at >= repeat
