"""Answers of Stripe on disk, byte for byte, until their window is whole and they are committed.

Nothing of a page stays in memory; a run that is killed leaves files here that the next run of a later day sweeps away.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

ABANDONED_AFTER = 24 * 3600
"""Seconds after which a spool directory belongs to no living run."""


@dataclass(frozen=True)
class Page:
    """One answer: a list of objects of a stream, or one object."""

    file: Path
    stream: str
    asked_at: datetime
    parent: str | None = None
    """For a sublist, the id of the object it belongs to."""


class Spool:
    """A directory below FORTSTRIPE_HOME for the pages of one commit; gone when it is closed."""

    def __init__(self, home: Path) -> None:
        root = home / "spool"
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        self._directory = Path(tempfile.mkdtemp(dir=root))
        self.pages: list[Page] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    def add(self, stream: str, body: bytes, asked_at: datetime, parent: str | None = None) -> Page:
        """Keep an answer."""
        file = self._directory / f"{len(self.pages):06}.json"
        file.write_bytes(body)
        page = Page(file, stream, asked_at, parent)
        self.pages.append(page)
        return page

    def add_again(self, page: Page, stream: str) -> None:
        """Let the objects of a page count for another stream, too: members of a payout are balance transactions."""
        self.pages.append(Page(page.file, stream, page.asked_at))

    @property
    def streams(self) -> Sequence[str]:
        """The streams that have pages here, in order of arrival."""
        return list(dict.fromkeys(page.stream for page in self.pages))


def now() -> datetime:
    """The moment at which a request is sent; what it answers is at least as new."""
    return datetime.now(UTC)


def _sweep(root: Path) -> None:
    for left in root.iterdir():
        try:
            old = time.time() - left.stat().st_mtime > ABANDONED_AFTER
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)
