"""What a run read, spent and found."""

from __future__ import annotations

from dataclasses import dataclass, field

from fortstripe_dagster.extract.balance import BalanceLine
from fortstripe_dagster.extract.budget import Budget
from fortstripe_dagster.extract.control_totals import ControlTotal


@dataclass(frozen=True)
class StreamReport:
    """What was read of one stream."""

    stream: str
    rows: int = 0
    """Objects in the answers."""
    changed: int = 0
    """Of those, new or different from what was stored."""
    requests: int = 0
    windows: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: StreamReport) -> StreamReport:
        return StreamReport(
            self.stream,
            self.rows + other.rows,
            self.changed + other.changed,
            self.requests + other.requests,
            self.windows + other.windows,
        )


@dataclass
class ExtractReport:
    """What a run read, spent and found."""

    streams: dict[str, StreamReport] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    """Requests to Stripe by endpoint."""
    balances: list[BalanceLine] = field(default_factory=list)
    control_totals: list[ControlTotal] = field(default_factory=list)
    month: Budget | None = None
    """What the last 30 days spent, this run included."""
    remarks: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Objects read in all."""
        return sum(stream.rows for stream in self.streams.values())

    @property
    def total_requests(self) -> int:
        """Requests to Stripe in all."""
        return sum(self.requests.values())

    def spent(self) -> str:
        """What the run cost, by endpoint, and the month's total."""
        most = sorted(self.requests.items(), key=lambda item: (-item[1], item[0]))
        by_endpoint = ", ".join(f"{endpoint.removeprefix('GET ')} {count}" for endpoint, count in most)
        return f"{self.total_requests} requests ({by_endpoint})" + (f"; {self.month}" if self.month else "")
