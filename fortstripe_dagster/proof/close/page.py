"""The close pack as one page: the cover with every check, charts, and the head of each list; and the samples' page.

Whole in itself, in one language, made to be read on a screen and printed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.pages import templates
from fortstripe_dagster.proof.close import charts
from fortstripe_dagster.proof.close.checks import ORDER, Check, worst
from fortstripe_dagster.proof.close.contents import Contents
from fortstripe_dagster.proof.close.lists import Listing
from fortstripe_dagster.proof.close.speech import PackSpeech

SHOWN = 25
"""Rows of a list on the page; all of them are in its workbook."""
WIDE = 9
"""Columns from which a list is set in small type."""
CHARTS = ("sales", "refunds", "fees", "clearing_balance")


def name(language: str) -> str:
    """The file name of the cover."""
    return f"00_{plain(PackSpeech('sv' if language == 'sv' else 'en').word('cover'))}.html"


def samples_name(speech: PackSpeech) -> str:
    """The file name of the samples' page."""
    return f"14_{plain(speech.word('section_14'))}.html"


def plain(text: str) -> str:
    """A text as a file name that every system can hold: `På väg och bank` -> `pa_vag_och_bank`."""
    letters = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in letters if not unicodedata.combining(c))
    return "_".join(part for part in kept.split("_") if part)


def write(
    folder: Path,
    contents: Contents,
    sections: Mapping[str, Sequence[Listing]],
    speech: PackSpeech,
    workbooks: Mapping[str, str],
) -> None:
    """Write both pages into the folder. `workbooks` are the file names by section."""
    environment = templates("fortstripe_dagster.proof")
    about = {
        "contents": contents,
        "speech": speech,
        "proven_at": contents.proven_at.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M"),
    }
    page = environment.get_template("close.html").render(
        **about,
        sections=sections,
        workbooks=workbooks,
        outcome=worst(contents.checks),
        outcomes={section: _outcome(contents.checks, section) for section in sections},
        charts=_charts(contents.lists["by_day"], speech),
        shown=SHOWN,
        wide=WIDE,
        samples=samples_name(speech),
    )
    (folder / name(speech.language)).write_text(page, encoding="utf-8")
    samples = environment.get_template("close_samples.html").render(
        **about, explanations=contents.explanations[speech.language], samples=contents.lists["samples"]
    )
    (folder / samples_name(speech)).write_text(samples, encoding="utf-8")


def _outcome(checks: tuple[Check, ...], section: str) -> str:
    """The worst outcome of a section, empty where it has no check."""
    found = [check.outcome for check in checks if check.section == section]
    return max(found, key=ORDER.index) if found else ""


def _charts(listing: Listing, speech: PackSpeech) -> list[tuple[str, Markup]]:
    days = listing.values("day")
    drawn = []
    for column in CHARTS:
        title = speech.word(column)
        draw = charts.line if column == "clearing_balance" else charts.bars
        drawn.append((title, draw(title, days, listing.values(column), speech.whole)))
    return drawn
