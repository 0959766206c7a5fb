"""A circuit breaker for one service: after several failures in a row it rests, and lets one process try again.

A process that starts while it rests may try at once, since a person may have mended what was wrong and started it.

Its state is a small file that all processes of the machine share; there is none while all is well, so that a request
costs no more than a look for it. What counts is a request that was given up, with all the patience of its client.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

FIRST_REST, LONGEST_REST = 60.0, 900.0
"""Seconds: the first rest, doubled each time that the try after it fails, up to a quarter of an hour."""
TRY_TAKES = 120.0
"""Seconds that a process has for its try before another one may."""


@dataclass(frozen=True)
class _Trouble:
    """What the file holds; moments are seconds since 1970."""

    failures: int = 0
    rest: float = 0.0
    rests_until: float = 0.0
    trying: bool = False
    """Whether a process is at its try; until `rests_until` the others wait for it."""


class Circuit:
    """The breaker of `service`. Safe to share between threads and processes.

    `opens_after` failures in a row it opens; 0: never.
    """

    def __init__(self, file: Path, service: str, opens_after: int, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._service = service
        self._opens_after = opens_after
        self._clock = clock
        self._turn = FileLock(file.with_name(file.name + ".lock"))
        self._threads = threading.Lock()
        self._tries = False
        self._is_new = file.exists()
        """Whether this began while there was trouble, and has not tried yet."""

    def resting(self) -> str | None:
        """Why nothing may be sent now, for people; None if it may. After a rest the first process to ask may try."""
        if not self._file.exists() or self._tries:
            return None
        with self._threads, self._turn:
            trouble = self._read()
            now = self._clock()
            if self._tries or not trouble.rest:
                return None
            # A clock that was set back must not make the rest longer than it is.
            over = now >= trouble.rests_until or trouble.rests_until - now > LONGEST_REST
            if over or (self._is_new and not trouble.trying):
                self._write(_Trouble(trouble.failures, trouble.rest, now + TRY_TAKES, trying=True))
                self._tries, self._is_new = True, False
                return None
            until = time.strftime("%H:%M:%S", time.gmtime(trouble.rests_until))
            return (
                f"{self._service} has failed {trouble.failures} times in a row, so nothing is sent to it before"
                f" {until} UTC"
            )

    def succeeded(self) -> None:
        """An answer came: all is well again."""
        if self._file.exists():
            with self._threads, self._turn:
                self._file.unlink(missing_ok=True)
                self._tries = False

    def failed(self) -> None:
        """A request was given up."""
        if not self._opens_after:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._threads, self._turn:
            before = self._read()
            failures, rest = before.failures + 1, before.rest
            if self._tries:
                rest = min(rest * 2, LONGEST_REST)
            elif failures >= self._opens_after and not rest:
                rest = FIRST_REST
            again = self._tries or not before.rest
            until = self._clock() + rest if again else before.rests_until
            self._write(_Trouble(failures, rest, until, before.trying and not self._tries))
            self._tries = False

    def _read(self) -> _Trouble:
        try:
            return _Trouble(**json.loads(self._file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return _Trouble()  # a file that cannot be understood is no reason to send nothing

    def _write(self, trouble: _Trouble) -> None:
        draft = self._file.with_name(self._file.name + ".new")
        draft.write_text(json.dumps(asdict(trouble)), encoding="utf-8")
        draft.replace(self._file)
