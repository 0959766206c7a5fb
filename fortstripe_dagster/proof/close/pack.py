"""One month's close pack from start to end: proven, computed, written, hashed and zipped."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fortstripe_dagster.business_day import STOCKHOLM, Days, today
from fortstripe_dagster.delivery import connect
from fortstripe_dagster.failures import DONE, FAILED, HELD, ConfigurationError, Failure
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.proof import certificate, vat_tie
from fortstripe_dagster.proof.close import attachments, page, workbooks
from fortstripe_dagster.proof.close.checks import Check, worst
from fortstripe_dagster.proof.close.contents import Contents, contents_of
from fortstripe_dagster.proof.close.lists import Listing
from fortstripe_dagster.proof.close.samples import rows_of
from fortstripe_dagster.proof.close.speech import PackSpeech
from fortstripe_dagster.proof.prove import prove
from fortstripe_dagster.proof.sie import write_sie
from fortstripe_dagster.proof.words import Language
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

MANIFEST = "manifest.txt"


@dataclass(frozen=True)
class ClosePack:
    """What was made of a month: its checks, a folder and a zip for each language."""

    days: Days
    company: str
    checks: tuple[Check, ...]
    folders: tuple[Path, ...]
    archives: tuple[Path, ...]
    hash: str

    @property
    def outcome(self) -> str:
        """ok, explained, waits or alarm: the worst of the checks."""
        return worst(self.checks)

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 1 an alarm, 3 something waits for a person."""
        return {"alarm": FAILED, "waits": HELD}.get(self.outcome, DONE)

    def text(self) -> str:
        """For a terminal: what is not in order, and where the pack is."""
        speech = PackSpeech("en")
        lines = [f"Close pack {self.days} of {self.company}: {speech.word(self.outcome)}"]
        for check in self.checks:
            if check.outcome in ("alarm", "waits"):
                sides = (
                    ""
                    if check.difference is None
                    else f", {speech.word('difference')} {speech.amount(check.difference)}"
                )
                said = " ".join(part for part in (speech.check(check), speech.about(check)) if part)
                remark = f" ({speech.remark(check)})" if check.remark else ""
                lines.append(f"  {speech.word(check.outcome)}: {check.section} {said}{sides}{remark}")
        lines += [str(path) for path in (*(folder / page.name(folder.name) for folder in self.folders), *self.archives)]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """For machines; amounts are text."""
        return {
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "outcome": self.outcome,
            "checks": [
                {
                    "section": check.section, "name": check.name, "about": check.about, "outcome": check.outcome,
                    "left": None if check.left is None else str(check.left),
                    "right": None if check.right is None else str(check.right),
                    "remark": check.remark,
                }
                for check in self.checks
            ],
            "folders": [str(path) for path in self.folders],
            "archives": [str(path) for path in self.archives],
            "hash": self.hash,
        }  # fmt: skip


def month_of(text: str) -> Days:
    """`2026-03` as its days. Raises ConfigurationError for anything else."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no month.", "write it as YYYY-MM.") from error
    return Days(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def close_month(
    settings: Settings,
    warehouse: Warehouse,
    month: Days,
    languages: Sequence[Language] = ("sv", "en"),
    progress: Callable[[str], None] = print,
    *,
    fortnox: Fortnox | None = None,
    now: datetime | None = None,
    as_proven: bool = False,
) -> ClosePack:
    """Prove the month, read Fortnox's VAT codes, and write the pack under `close/` in the company's folder.

    `as_proven` asks Fortnox nothing and takes the last proof of exactly these days. Raises Failure when there is no
    ledger, no such proof, or Fortnox cannot be read.
    """
    if month.last < settings.start_date:
        raise Failure(f"{month} is before the books begin on {settings.start_date}.", "close a later month.")
    if month.last >= today(now):
        raise Failure(f"{month} has not ended.", "close it when it has, and has been synced.")
    days = Days(max(month.first, settings.start_date), month.last)
    if not as_proven:
        client = fortnox or connect(settings)
        prove(settings, warehouse, days, progress, fortnox=client, now=now)
        with warehouse.writer() as connection:
            years = vat_tie.years_of(connection, days)
        codes = vat_tie.read_vat_codes(client, years, progress)
        with warehouse.transaction() as connection:
            vat_tie.store_vat_codes(connection, codes)
    with warehouse.transaction() as connection:
        contents, certificate_of_days = contents_of(connection, settings, days, tuple(languages))
    folder = settings.home / "close" / f"{month.first:%Y-%m}"
    sie = _sie(settings, warehouse, contents)
    folders, archives, manifest = [], [], ""
    for language in languages:
        made = folder / language
        manifest = _write(settings, contents, certificate_of_days, sie, made, language)
        folders.append(made)
        archives.append(_zip(made, folder / f"close-{month.first:%Y-%m}-{language}.zip"))
        progress(f"close: {archives[-1]}")
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    return ClosePack(days, contents.company, contents.checks, tuple(folders), tuple(archives), digest)


def _write(
    settings: Settings, contents: Contents, certificate_of_days: Path, sie: bytes, folder: Path, language: Language
) -> str:
    """Write one language's folder, whole or not at all; returns its manifest without the line of the moment."""
    speech = PackSpeech(language)
    fresh = folder.with_name(f"{folder.name}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    made_on = contents.proven_at.astimezone(STOCKHOLM).date()
    period = f"{contents.days.first} – {contents.days.last}"
    by_section: dict[str, list[Listing]] = {}
    told = tuple(astuple(row) for row in rows_of(contents.explanations[language]))
    for listing in contents.lists.values():
        if listing.heading.name == "chains":
            listing = replace(listing, rows=told)
        if listing.heading.name == "vat_boxes":
            listing = listing.without("english" if language == "sv" else "swedish")
        by_section.setdefault(listing.heading.section, []).append(listing)
    names = {}
    for section, members in by_section.items():
        names[section] = f"{section}_{page.plain(speech.word('section_' + section))}.xlsx"
        workbooks.write(fresh / names[section], members, speech, contents.company, period, made_on)
    page.write(fresh, contents, by_section, speech, names)
    (fresh / f"03_{page.plain(speech.word('vat_return'))}.html").write_text(
        contents.vat_pages[language], encoding="utf-8"
    )
    proven = certificate.path_in(certificate_of_days, language)
    shutil.copyfile(proven, fresh / f"13_{page.plain(speech.word('certificate'))}.html")
    if sie:
        (fresh / "13_sie.si").write_bytes(sie)
    for paper in attachments.read(settings):
        if paper.month == f"{contents.days.first:%Y-%m}":
            place = fresh / f"13_{page.plain(speech.word('attachments'))}" / Path(paper.path).name
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(attachments.file_of(settings, paper), place)
    listed = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(fresh)}\n"
        for path in sorted(fresh.rglob("*"))
        if path.is_file()
    )
    (fresh / MANIFEST).write_text(f"{listed}# {datetime.now(STOCKHOLM):%Y-%m-%d %H:%M:%S%z}\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(fresh, folder)
    return listed


def _sie(settings: Settings, warehouse: Warehouse, contents: Contents) -> bytes:
    """The month's vouchers as SIE 4I; empty where the month has none."""
    if not contents.lists["samples"].rows:
        return b""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "13_sie.si"
        made_on = contents.proven_at.astimezone(STOCKHOLM).date()
        write_sie(settings, warehouse, contents.days, path, contents.company, generated=made_on)
        return path.read_bytes()


def _zip(folder: Path, archive: Path) -> Path:
    """The folder as a zip whose bytes depend on the files alone."""
    fresh = archive.with_suffix(".fresh")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(Path(archive.stem) / path.relative_to(folder)))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                zipped.writestr(entry, path.read_bytes())
    os.replace(fresh, archive)
    return archive
