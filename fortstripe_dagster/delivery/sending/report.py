"""What a delivery did and what it left, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import Held
from fortstripe_dagster.delivery.planning.plan_json import held_json
from fortstripe_dagster.failures import DONE, HELD


@dataclass(frozen=True)
class DeliveryReport:
    """One delivery. `written` counts steps that took effect in it ("invoice.create"), `requests` all requests sent.

    `shadow`, in shadow mode alone, counts by kind the documents that would have been written.
    """

    days: Days
    run_id: str
    written: Mapping[str, int]
    held: tuple[Held, ...]
    awaiting: tuple[Held, ...]
    waiting: tuple[Held, ...]
    in_doubt: tuple[Held, ...]
    requests: Mapping[str, int]
    findings: tuple[str, ...]
    unchanged: int
    shadow: Mapping[str, int] | None = None

    @property
    def total_requests(self) -> int:
        return sum(self.requests.values())

    @property
    def nothing_to_do(self) -> bool:
        """Whether Fortnox had everything already."""
        return not self.written and not self.shadow and self.exit_code == DONE

    @property
    def exit_code(self) -> int:
        """0 done, 3 something waits for a person."""
        return HELD if self.held or self.awaiting or self.waiting or self.in_doubt else DONE

    def documents(self) -> dict[str, int]:
        """Documents finished or begun in this run, by kind."""
        made: Counter[str] = Counter()
        for name, count in self.written.items():
            kind, step = name.split(".")
            if step == "create":
                made[kind] += count
        return dict(made)

    def text(self) -> str:
        """The report for a terminal."""
        if self.nothing_to_do:
            return (
                f"Delivery of {self.days}: nothing to do, all {self.unchanged} documents are in Fortnox already"
                f" ({self.total_requests} requests to make sure)."
            )
        lines = [
            f"Delivery of {self.days}: {self.total_requests} requests, {self.unchanged} documents were there already."
        ]
        lines += [f"  {count:6} {name}" for name, count in sorted(self.written.items())]
        lines += ["Shadow mode: nothing was written. It would have been:"] * bool(self.shadow)
        lines += [f"  {count:6} {kind}" for kind, count in (self.shadow or {}).items()]
        groups = {
            "held": self.held, "awaiting approval": self.awaiting, "waiting": self.waiting, "in doubt": self.in_doubt,
        }  # fmt: skip
        for title, items in groups.items():
            lines += [f"  {title}: {item.document_id}: {item.reason} Remedy: {item.remedy}" for item in items]
        return "\n".join([*lines, *self.findings])

    def as_json(self) -> dict[str, Any]:
        """The report for machines."""
        return {
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "run_id": self.run_id,
            "written": dict(self.written),
            "documents": self.documents(),
            "held": [held_json(item) for item in self.held],
            "awaiting": [held_json(item) for item in self.awaiting],
            "waiting": [held_json(item) for item in self.waiting],
            "in_doubt": [held_json(item) for item in self.in_doubt],
            "requests": dict(self.requests),
            "findings": list(self.findings),
            "unchanged": self.unchanged,
            "shadow": None if self.shadow is None else dict(self.shadow),
            "exit_code": self.exit_code,
        }
