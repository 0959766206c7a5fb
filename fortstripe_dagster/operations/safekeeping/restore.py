"""Take a company out of a backup. What stands in the way is moved aside, never deleted; a newer journal stays.

A restored journal may be older than Fortnox: the next delivery finds that out and stops, and `fortstripe adopt` brings
the journal up to date from the references in Fortnox.
"""

from __future__ import annotations

import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.operations.safekeeping import manifest
from fortstripe_dagster.operations.safekeeping.manifest import Manifest
from fortstripe_dagster.settings import Settings

BESIDE = ("-wal", "-shm", ".wal")
"""What SQLite and DuckDB keep beside a file, and which belongs to the old one."""


@dataclass(frozen=True)
class Restored:
    """What was restored, and where what was there before has gone (None: there was nothing)."""

    manifest: Manifest
    aside: Path | None
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "made_at": self.manifest.made_at,
            "files": sorted(self.manifest.files),
            "aside": None if self.aside is None else str(self.aside),
            "remarks": self.remarks,
        }

    def text(self) -> str:
        """What it is, and what to do now."""
        lines = [f"Restored {len(self.manifest.files)} files as they were at {self.manifest.made_at}."]
        if self.aside is not None:
            lines.append(f"What stood there before is in {self.aside}.")
        lines += self.remarks
        lines.append("Now sync: if Fortnox holds more than the journal, it stops and says so; then `fortstripe adopt`.")
        return "\n".join(lines)


def restore(settings: Settings, archive: Path, say: Callable[[str], None], *, wait_seconds: float = 5) -> Restored:
    """Put a company's journal, warehouse and files back into its data directory.

    Raises Failure when the archive is damaged, of another company, or older than the journal that is there; or when a
    run is under way.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.home, prefix=".restore-") as folder:
        unpacked = Path(folder)
        found = _unpack(archive, unpacked)
        with _nobody_else(settings, wait_seconds):
            _refuse_older(found, settings, archive)
            aside = _move_aside(settings, found)
            say(f"restore: {len(found.files)} files")
            for name in found.files:
                if name != manifest.CONFIGURATION:
                    target = settings.home / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(unpacked / name, target)
            remarks = _configuration(unpacked / manifest.CONFIGURATION, settings)
    return Restored(found, aside, remarks)


def _unpack(archive: Path, folder: Path) -> Manifest:
    """The files of the archive in a folder, each as the manifest says. Raises Failure where one is not."""
    try:
        with tarfile.open(archive, "r:gz") as packed:
            packed.extractall(folder, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Failure(f"{archive} cannot be read: {error}.", "use another copy of the backup.") from error
    says = folder / manifest.NAME
    found = manifest.parse(says.read_text(encoding="utf-8") if says.is_file() else "", archive)
    for name, digest in found.files.items():
        if not (folder / name).is_file() or manifest.digest(folder / name) != digest:
            raise Failure(f"{name} in {archive.name} is damaged.", "use another copy of the backup.")
    return found


@contextmanager
def _nobody_else(settings: Settings, wait_seconds: float) -> Iterator[None]:
    """While no delivery and no writer is at work. Raises Failure if one still is after `wait_seconds`."""
    with ExitStack() as held:
        for path in (settings.warehouse_path, settings.journal_path):
            try:
                held.enter_context(FileLock(path.with_suffix(".lock")).acquire(timeout=wait_seconds))
            except Timeout:
                raise Failure(
                    "A run of this company is under way.", "let it finish or stop it, then restore again."
                ) from None
        yield


def _refuse_older(found: Manifest, settings: Settings, archive: Path) -> None:
    """Raise Failure where the journal that is there holds what the backup lacks, or is another company's."""
    try:
        pins, present = manifest.pins_of(settings.journal_path), manifest.rows_of(settings.journal_path)
    except sqlite3.DatabaseError:
        return  # damaged: this is what backups are for, and it is kept aside
    strange = [name for name in pins if found.pins.get(name, pins[name]) != pins[name]]
    if strange:
        raise Failure(
            f"{archive.name} is of another company: its {', '.join(strange)} differ from the journal's that is there.",
            "use another FORTSTRIPE_HOME for it.",
        )
    newer = sum(max(0, count - found.journal.get(table, 0)) for table, count in present.items())
    if newer:
        raise Failure(
            f"The journal that is there is newer than {archive.name} of {found.made_at}, which lacks {newer} rows.",
            "keep it; if it is damaged, move journal.sqlite aside by hand, restore, and run `fortstripe adopt`.",
        )


def _move_aside(settings: Settings, found: Manifest) -> Path | None:
    """Move what would be replaced into a folder of its own."""
    names = [name for name in found.files if name != manifest.CONFIGURATION]
    old = [settings.home / (name + suffix) for name in names for suffix in ("", *BESIDE)]
    there = [path for path in old if path.is_file()]
    if not there:
        return None
    aside = settings.home / f"before-restore-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}"
    for path in there:
        target = aside / path.relative_to(settings.home)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    return aside


def _configuration(kept: Path, settings: Settings) -> tuple[str, ...]:
    """The configuration beside the data, where the company's own differs from it: a person compares them."""
    if not kept.is_file():
        return ()
    path = settings_module.config_path()
    if not settings.company and path.is_file() and path.read_bytes() == kept.read_bytes():
        return ()
    beside = settings.home / "fortstripe.restored.toml"
    os.replace(kept, beside)
    return (f"The configuration of that time is in {beside}; the one in use is left as it is.",)
