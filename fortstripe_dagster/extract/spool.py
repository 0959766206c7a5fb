"""Answers of Stripe on disk, byte for byte, until they are committed.

Nothing of a page stays in memory; a run that is killed leaves files here that the next run of a later day sweeps away.
Several threads add, one takes what is there to commit it.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

ABANDONED_AFTER = 24 * 3600
"""Seconds after which a spool directory belongs to no living run."""


@dataclass(frozen=True)
class Piece:
    """A stretch of `created` of which nothing is missing once its page is committed; empty within a dense second."""

    stream: str
    variant: int
    """Which of the stream's lists."""
    start: int
    end: int
    rows: int
    requests: int


@dataclass(frozen=True)
class Page:
    """One answer: a list of objects of a stream, or one object."""

    file: Path
    stream: str
    asked_at: datetime
    parent: str | None = None
    """For a sublist, the id of the object it belongs to."""
    piece: Piece | None = None
    size: int = 0
    """Bytes; nothing for one that shares the file of the page before it."""
    single: bool = False
    """One object, not a list."""

    @property
    def shows_nothing(self) -> bool:
        """Whether it is a list without objects; that it was read says its piece."""
        return self.piece is not None and not self.piece.rows


class Spool:
    """A directory below FORTSTRIPE_HOME for pages that wait to be committed; gone when it is closed."""

    def __init__(self, home: Path) -> None:
        root = home / "spool"
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        self._directory = Path(tempfile.mkdtemp(dir=root))
        self._lock = threading.Lock()
        self._added = 0
        self.pages: list[Page] = []
        self.bytes = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    def add(
        self,
        stream: str,
        body: bytes,
        asked_at: datetime,
        parent: str | None = None,
        *,
        piece: Piece | None = None,
        also: str | None = None,
        single: bool = False,
    ) -> None:
        """Keep an answer; its objects may count for another stream `also`: members of a payout are transactions."""
        with self._lock:
            self._added += 1
            file = self._directory / f"{self._added:07}.json"
        file.write_bytes(body)
        pages = [Page(file, stream, asked_at, parent, piece, len(body), single)]
        if also:
            pages.append(Page(file, also, asked_at))
        with self._lock:
            self.pages.extend(pages)
            self.bytes += len(body)

    def take(self, most_bytes: float = math.inf, most_pages: float = math.inf) -> list[Page]:
        """The oldest pages, at most about so many; they are no longer here, but their files are."""
        with self._lock:
            taken, size = 0, 0
            for page in self.pages:
                if page.size and (size >= most_bytes or taken >= most_pages):
                    break
                taken, size = taken + 1, size + page.size
            pages, self.pages = self.pages[:taken], self.pages[taken:]
            self.bytes -= size
            return pages


def drop(pages: Sequence[Page]) -> None:
    """Remove the files of pages that are committed."""
    for page in pages:
        page.file.unlink(missing_ok=True)


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
