"""One extracted month for the whole folder, and for each test a company with an empty Fortnox beside a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.fortnox_company import Company as FortnoxCompany
from fortstripe_dagster.sandbox.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company, a_month, extracted
from fortstripe_dagster_tests.proof.company import company as company_with


class Prepared(Protocol):
    """Makes a company of another world than the folder's month."""

    def __call__(
        self, world: World, days: Days = MARCH, fortnox: FortnoxCompany | None = None, **choices: Any
    ) -> Company: ...


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a warehouse that holds March 2026, extracted and booked."""
    return extracted(a_month(), tmp_path_factory.mktemp("month"))


@pytest.fixture
def company(month: Settings, tmp_path: Path) -> Iterator[Company]:
    """A company with that month and nothing in Fortnox yet."""
    with ExitStack() as running:
        yield company_with(month, tmp_path / "home", running.enter_context)


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Prepared]:
    """`prepared(world, days, fortnox, **choices)`: a world of the test's own, extracted, with an empty Fortnox."""
    with ExitStack() as running:

        def start(world: World, days: Days = MARCH, fortnox: FortnoxCompany | None = None, **choices: Any) -> Company:
            settings = extracted(world, tmp_path / "extracted", days, **choices)
            return company_with(settings, tmp_path / "home", running.enter_context, fortnox)

        yield start
