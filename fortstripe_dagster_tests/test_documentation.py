"""The pages for people name what there is: every command, every kind of alert, and no file that is gone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from fortstripe_dagster.cli import cli
from fortstripe_dagster.settings.alerts import AlertKind

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_command_is_explained_somewhere() -> None:
    said = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in cli.commands if f"fortstripe {name}" not in said] == []


def test_the_runbook_has_a_line_for_every_kind_of_alert() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [kind for kind in get_args(AlertKind) if f"| `{kind}` |" not in runbook] == []
