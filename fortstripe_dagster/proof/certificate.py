"""The proof certificate (avstämningsintyg): an HTML page a language, without outside parts, to read, print and file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.pages import templates, write_whole
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.report import Item, ProofReport, figure
from fortstripe_dagster.proof.speech import Speech
from fortstripe_dagster.proof.words import Language

LANGUAGES: tuple[Language, ...] = ("en", "sv")
SHOWN = 200
"""Items of a list on the page; the rest is told by number."""


def write(report: ProofReport) -> Path:
    """Write the page in each language, whole or not at all: in English to the report's certificate_path."""
    for language in LANGUAGES:
        write_whole(path_in(report.certificate_path, language), as_html(report, language))
    return report.certificate_path


def path_in(path: Path, language: Language) -> Path:
    """Where the certificate of a certificate_path stands in a language."""
    return path if language == "en" else path.with_suffix(f".{language}{path.suffix}")


def as_html(report: ProofReport, language: Language = "en") -> str:
    """The page. Every text in it is escaped: names and descriptions come from customers."""
    speech = Speech(language)
    environment = templates("fortstripe_dagster.proof", money=speech.money)
    told = [item for item in report.items if item.severity == "info"]
    return environment.get_template("certificate.html").render(
        report=report,
        speech=speech,
        say=speech.either,
        titles=EQUATIONS,
        figure=partial(figure, speech=speech),
        shown=SHOWN,
        names={line.account: line.name for line in report.trial_balance},
        proven_at=report.proven_at.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M"),
        open_items=[item for item in told if _is_open(item)],
        other_items=[item for item in told if not _is_open(item)],
    )


def _is_open(item: Item) -> bool:
    return item.kind.startswith("open: ") or item.kind == "on its way"
