"""What a check says, and the sum of it: a text for a person, JSON for a machine, an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from fortstripe_dagster.failures import DONE, HELD

Severity = Literal["ok", "info", "warning", "error"]
"""ok; worth knowing; something will be held or go wrong when it occurs; a run cannot go through."""


@dataclass(frozen=True)
class Finding:
    """One thing that a check found. `key` names it within its check, e.g. a stream or a financial year."""

    key: str
    severity: Severity
    what: str
    remedy: str = ""


def ok(key: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(key, "ok", what)


@dataclass(frozen=True)
class Examined:
    """A check that was made, and its findings: at least one."""

    name: str
    subject: str
    title: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing in it waits for a person."""
        return self.worst in ("ok", "info")

    @property
    def worst(self) -> Severity:
        """The gravest of its findings."""
        order: tuple[Severity, ...] = ("error", "warning", "info", "ok")
        return next(severity for severity in order if any(f.severity == severity for f in self.findings))


@dataclass(frozen=True)
class Diagnosis:
    """All checks of one examination."""

    examined: tuple[Examined, ...]

    @property
    def exit_code(self) -> int:
        """3 if an error waits for a person, else 0: warnings stop no run."""
        return HELD if self.count("error") else DONE

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(finding.severity == severity for check in self.examined for finding in check.findings)

    def passed(self, name: str) -> bool:
        """Whether the check of that name found nothing that waits for a person."""
        return all(check.passed for check in self.examined if check.name == name)

    def as_json(self) -> Mapping[str, object]:
        """For `--json`."""
        return {"exit_code": self.exit_code, "checks": [asdict(check) for check in self.examined]}

    def text(self) -> str:
        """For a person: by subject, each finding with its remedy below it."""
        lines: list[str] = []
        subject = ""
        for check in self.examined:
            if check.subject != subject:
                lines += ["", check.subject] if lines else [check.subject]
                subject = check.subject
            for finding in check.findings:
                lines.append(f"  {finding.severity:<8} {check.title}: {finding.what}")
                if finding.remedy:
                    lines.append(f"           Remedy: {finding.remedy}")
        errors, warnings = self.count("error"), self.count("warning")
        sums = f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}."
        return "\n".join([*lines, "", sums])
