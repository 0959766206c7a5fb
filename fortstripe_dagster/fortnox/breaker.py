"""What the client needs of a circuit breaker: who keeps count of failures, and says when to leave Fortnox alone."""

from __future__ import annotations

from typing import Protocol


class Breaker(Protocol):
    """Keeps count, for every process that talks to the same company."""

    def resting(self) -> str | None:
        """Why nothing may be sent now; None if it may."""
        ...

    def succeeded(self) -> None:
        """Fortnox answered, be it that it refused."""
        ...

    def failed(self) -> None:
        """A request was given up without a usable answer."""
        ...


class AlwaysClosed:
    """The breaker of a client that has none: everything may be sent."""

    def resting(self) -> str | None:
        """Never."""
        return None

    def succeeded(self) -> None:
        """Nothing to note."""

    def failed(self) -> None:
        """Nothing to note."""
