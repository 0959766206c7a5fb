"""Make a backup while runs go on: the warehouse between two of its writers, the journal by SQLite's own copying."""

from __future__ import annotations

import os
import re
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.operations.safekeeping import manifest
from fortstripe_dagster.settings import Settings, companies
from fortstripe_dagster.warehouse import Warehouse

FOLDERS = ("attachments", "close", "plan", "proof", "sie")
"""What was made for people; some of it, as papers that were attached, is nowhere else."""


@dataclass(frozen=True)
class Backup:
    """A backup that was made, and read again."""

    path: Path
    manifest: manifest.Manifest
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        files = sorted(self.manifest.files)
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "files": files, "remarks": self.remarks}

    def text(self) -> str:
        """For a person."""
        size = self.path.stat().st_size / 1e6
        told = f"{self.path}: {len(self.manifest.files)} files, {size:.1f} MB. It holds personal data, and no secret."
        return "\n".join([told, *self.remarks])


def backup(settings: Settings, say: Callable[[str], None], target: Path | None = None) -> Backup:
    """Write a backup to `target`, by default into `backups` of the data directory.

    Raises Failure when there is no journal to keep, the target exists, or what was written cannot be read again.
    """
    if not settings.journal_path.exists():
        raise Failure(
            f"There is no journal in {settings.home}.", "check FORTSTRIPE_HOME; nothing was booked there yet."
        )
    made_at = datetime.now(UTC)
    target = target or settings.home / "backups" / f"fortstripe-{made_at:%Y-%m-%dT%H%M%SZ}.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise Failure(f"{target} exists already.", "name another file.")
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        gathered = Path(folder)
        remarks = tuple(_gather(settings, gathered, say))
        files = sorted(path for path in gathered.rglob("*") if path.is_file())
        says = manifest.Manifest(
            made_at.isoformat(timespec="seconds"),
            version("fortstripe_dagster"),
            manifest.pins_of(gathered / manifest.JOURNAL),
            manifest.rows_of(gathered / manifest.JOURNAL),
            {str(path.relative_to(gathered)): manifest.digest(path) for path in files},
        )
        (gathered / manifest.NAME).write_text(says.text(), encoding="utf-8")
        draft = gathered.with_suffix(".tar.gz")
        try:
            _pack(gathered, draft, [manifest.NAME, *says.files])
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    return Backup(target, says, remarks)


def _gather(settings: Settings, folder: Path, say: Callable[[str], None]) -> Iterator[str]:
    """Copies of all that is kept. The journal comes last, so that it knows of all that the others tell of."""
    if settings.warehouse_path.exists():
        say("backup: the warehouse")
        Warehouse(settings.warehouse_path, say=say).copy(folder / manifest.WAREHOUSE)
    else:
        yield "There is no warehouse: it is rebuilt from Stripe."
    for name in FOLDERS:
        for path in sorted((settings.home / name).rglob("*")):
            if path.is_file() and path.suffix != ".fresh":
                copy = folder / name / path.relative_to(settings.home / name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    text, left_out = without_secrets(_configuration(settings), settings)
    if text:
        (folder / manifest.CONFIGURATION).write_text(text, encoding="utf-8")
    if left_out:
        yield f"Left out of {manifest.CONFIGURATION}, for they are secret: {', '.join(left_out)}."
    say("backup: the journal")
    _copy_journal(settings.journal_path, folder / manifest.JOURNAL)


def _configuration(settings: Settings) -> str:
    """The company's file as it is; empty where everything stands in the environment."""
    path = settings_module.config_path()
    if settings.company:
        path = next(one.path for one in companies.company_files() if one.name == settings.company)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def without_secrets(text: str, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """A configuration without the lines that set a secret, and the names of those; without any line that holds one."""
    fields = {name: field for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    names = {str(each).lower() for name, field in fields.items() for each in (name, field.validation_alias)}
    values = [getattr(settings, name).get_secret_value() for name in fields]
    lines, left_out = [], []
    for line in text.splitlines():
        key = re.match(r"[\s#]*[\"']?([\w-]+)[\"']?\s*=", line)
        if (key and key[1].lower() in names) or any(value in line for value in values if value):
            left_out.append(key[1] if key else "a line")
        else:
            lines.append(line)
    return "\n".join([*lines, ""]) if lines else "", tuple(left_out)


def _copy_journal(source: Path, target: Path) -> None:
    """A copy as of one moment, whatever is written meanwhile. Raises Failure if the copy is not sound."""
    reading, writing = sqlite3.connect(source, timeout=30), sqlite3.connect(target)
    try:
        reading.backup(writing)
        (state,) = writing.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise Failure(
                f"The journal is damaged: {state}.", "keep the file; move it aside and run `fortstripe adopt`."
            )
        writing.execute("PRAGMA journal_mode = DELETE")
    finally:
        reading.close()
        writing.close()


def _pack(folder: Path, draft: Path, names: list[str]) -> None:
    """The archive, for its owner alone to read."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive:
            for name in names:
                archive.add(folder / name, arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())
