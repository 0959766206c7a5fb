"""The configuration reference says what the settings say."""

from __future__ import annotations

from pathlib import Path

from fortstripe_dagster.settings import Settings, reference

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"


def test_the_page_is_the_one_that_the_settings_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page(), (
        "run: python -m fortstripe_dagster.settings.reference > docs/configuration.md"
    )


def test_every_setting_says_what_it_means() -> None:
    rows = [line.split(" | ") for line in reference.page().splitlines() if line.startswith("| `")]
    assert len(rows) > len(Settings.model_fields)
    assert [row[0] for row in rows if not row[3].removesuffix(" |").strip() and row[1] != "list of table below"] == []
