"""Several companies of ours, that is Stripe accounts, may write to one Fortnox company: who owns what there.

Each needs a voucher series and clearing accounts of its own, or one would take the other's documents for lost ones and
neither account would agree with Stripe. What a company has once delivered under stays its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings import Settings

_FILE = "claims.json"


def claim(settings: Settings) -> None:
    """Note what this company uses in Fortnox. Raises ConfigurationError where another one has it already."""
    if not settings.company:
        return
    settings.fortnox_home.mkdir(parents=True, exist_ok=True)
    file = settings.fortnox_home / _FILE
    with FileLock(file.with_suffix(".lock")):
        owners = _owners(file)
        for what in _used(settings):
            owner = owners.setdefault(what, settings.company)
            if owner != settings.company:
                raise ConfigurationError(
                    f"{what} of Fortnox company {settings.fortnox_tenant_id} belongs to {owner} already.",
                    f"choose another for {settings.company}; or, if {owner} books no more, remove that line of {file}.",
                )
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(owners, indent=2))
        draft.replace(file)


def journals_beside(settings: Settings) -> list[Path]:
    """The journals of the other companies that write to the same Fortnox company."""
    if not settings.company:
        return []
    others = sorted({*_owners(settings.fortnox_home / _FILE).values()} - {settings.company})
    journals = [settings.home.parent / name / settings.journal_path.name for name in others]
    return [journal for journal in journals if journal.is_file()]


def _used(settings: Settings) -> list[str]:
    clearing = {f"Account {account}" for account in settings.accounts.clearing.values()}
    return [f"Voucher series {settings.voucher_series}", *sorted(clearing)]


def _owners(file: Path) -> dict[str, str]:
    try:
        owners: dict[str, str] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return owners
