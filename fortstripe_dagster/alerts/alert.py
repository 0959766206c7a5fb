"""One thing that a person must know of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from fortstripe_dagster.settings.alerts import AlertKind


@dataclass(frozen=True)
class Alert:
    """What is the matter with `subject`, and what to do. The key names the matter for as long as it lasts.

    `lasts` False is news: it is told, and no word is said when it has passed.
    """

    kind: AlertKind
    subject: str
    text: str
    remedy: str
    urgent: bool = False
    lasts: bool = True

    @property
    def key(self) -> str:
        """By which it is known again."""
        return f"{self.kind}:{self.subject}"

    @property
    def fingerprint(self) -> str:
        """Changes when there is something new to say."""
        return hashlib.sha256(f"{self.text}\n{self.remedy}\n{self.urgent}".encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """For a webhook and `--json`."""
        return {
            "key": self.key, "kind": self.kind, "subject": self.subject, "text": self.text, "remedy": self.remedy,
            "urgent": self.urgent,
        }  # fmt: skip
