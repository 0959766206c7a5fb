"""Threads that ask Stripe side by side: tasks in, further tasks out, as many under way as the rate can use.

What belongs here: who works on what and when all stops. Of lists, pages and the warehouse nothing is known.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from fortstripe_dagster.extract.rate_limit import RateLimiter

LAST_WORDS = 1.0
"""Seconds that answers under way have left when a person interrupts."""


@dataclass(frozen=True)
class Task:
    """One request (with what must follow it at once) to an endpoint; it answers with what is to be done next."""

    endpoint: str
    work: Callable[[], Sequence[Task]]


class Crew:
    """Works on tasks until none is left. The first failure stops all and is raised where the work is awaited."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self._queue: deque[Task] = deque()
        self._under_way: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._stopped = False
        self._lock = threading.RLock()
        self._work_there = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what is under way end; a person who interrupts does not wait for it."""
        self._stop()
        interrupted = kind is not None and not issubclass(kind, Exception)
        deadline = time.monotonic() + LAST_WORDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()) if interrupted else None)

    def add(self, tasks: Iterable[Task]) -> None:
        """Have these done, too."""
        with self._lock:
            self._queue.extend(tasks)
            while len(self._threads) < min(int(self._limiter.in_flight), self._under_way.total() + len(self._queue)):
                # Daemons: a request that hangs must not keep an interrupted program alive.
                thread = threading.Thread(target=self._serve, name=f"stripe-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._work_there.notify(len(self._queue))

    def room(self, endpoint: str) -> int:
        """How many more tasks for an endpoint would start at once; asked by a task, its own place is counted free."""
        with self._lock:
            waiting = sum(task.endpoint == endpoint for task in self._queue)
            return self._limiter.room(self._under_way, endpoint) + 1 - waiting

    def busy(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Wait until there is enough to pick up, all is done or the time is over; whether anything is left to do.

        Raises what a task failed with.
        """
        with self._lock:
            self._news.wait_for(lambda: self._failure or self._done or enough(), seconds)
            if self._failure:
                raise self._failure
            return not self._done

    @property
    def _done(self) -> bool:
        return not self._queue and not self._under_way.total()

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._queue.clear()
            self._work_there.notify_all()
            self._news.notify_all()

    def _serve(self) -> None:
        while task := self._next():
            try:
                more = task.work()
            except BaseException as error:  # raised again by `busy`, in the thread that waits for the work
                with self._lock:
                    self._failure = self._failure or error
                    self._stop()
                more = ()
            with self._lock:
                self._under_way[task.endpoint] -= 1
                if not self._stopped:
                    self.add(more)
                self._news.notify()

    def _next(self) -> Task | None:
        """The next task for which there is room; None when the work is over."""
        with self._lock:
            while not self._stopped:
                for task in self._queue:
                    if self._limiter.room(self._under_way, task.endpoint) > 0:
                        self._queue.remove(task)
                        self._under_way[task.endpoint] += 1
                        return task
                self._work_there.wait()
            return None
