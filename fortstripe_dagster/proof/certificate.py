"""The proof certificate (avstämningsintyg): one HTML page without outside parts, to read, print and file."""

from __future__ import annotations

from pathlib import Path

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.pages import templates, write_whole
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.report import Item, ProofReport, figure, money

SHOWN = 200
"""Items of a list on the page; the rest is told by number."""


def write(report: ProofReport) -> Path:
    """Write the page to the report's certificate_path, whole or not at all."""
    path = report.certificate_path
    return write_whole(path, as_html(report))


def as_html(report: ProofReport) -> str:
    """The page. Every text in it is escaped: names and descriptions come from customers."""
    environment = templates("fortstripe_dagster.proof", money=money)
    told = [item for item in report.items if item.severity == "info"]
    return environment.get_template("certificate.html").render(
        report=report,
        titles=EQUATIONS,
        figure=figure,
        shown=SHOWN,
        names={line.account: line.name for line in report.trial_balance},
        proven_at=report.proven_at.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M"),
        open_items=[item for item in told if _is_open(item)],
        other_items=[item for item in told if not _is_open(item)],
    )


def _is_open(item: Item) -> bool:
    return item.kind.startswith("open: ") or item.kind == "on its way"
