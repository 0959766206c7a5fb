"""One message: what is new and what is over, with the words for people and the object for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.alerts.memory import Known

MOST = 30
"""Alerts that a message for people spells out."""


@dataclass(frozen=True)
class Message:
    """What a channel is told at once. `company` names whose books they are."""

    company: str
    alerts: Sequence[Alert]
    over: Sequence[Known]

    @property
    def subject(self) -> str:
        """One line."""
        urgent = sum(alert.urgent for alert in self.alerts)
        parts = [f"{len(self.alerts)} new" + (f", {urgent} urgent" if urgent else "")] if self.alerts else []
        parts += [f"{len(self.over)} solved"] if self.over else []
        return f"fortstripe, {self.company}: {'; '.join(parts)}"

    @property
    def lines(self) -> list[str]:
        """Each alert with its remedy, then what is solved."""
        found = [
            f"{'URGENT: ' if alert.urgent else ''}{one_line(alert.text)} Do: {one_line(alert.remedy)}"
            for alert in self.alerts[:MOST]
        ]
        if len(self.alerts) > MOST:
            found.append(f"… and {len(self.alerts) - MOST} more: run `fortstripe alerts`.")
        return found + [f"Solved: {one_line(known.text)}" for known in self.over[:MOST]]

    @property
    def text(self) -> str:
        """The whole message."""
        return "\n\n".join([self.subject, *self.lines])

    def as_json(self) -> dict[str, Any]:
        """For a webhook: everything, also what a person would not read."""
        return {
            "company": self.company,
            "subject": self.subject,
            "alerts": [alert.as_json() for alert in self.alerts],
            "solved": [{"key": known.key, "text": known.text} for known in self.over],
        }


def one_line(text: str) -> str:
    """Texts from outside may hold line breaks, which would forge a line of their own."""
    return " ".join(text.split())
