"""One extracted month for the whole folder, and for each test a company with an empty Fortnox beside a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.fortnox.company import Company as FortnoxCompany
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company, Host, a_month, extracted
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


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """The server of every test's Fortnox."""
    host = Host()
    with serve(host) as server:
        host.url = server.url
        yield host


@pytest.fixture
def company(month: Settings, host: Host, tmp_path: Path) -> Company:
    """A company with that month and nothing in Fortnox yet."""
    return company_with(month, tmp_path / "home", host)


@pytest.fixture
def prepared(host: Host, tmp_path: Path) -> Prepared:
    """`prepared(world, days, fortnox, **choices)`: a world of the test's own, extracted, with an empty Fortnox."""

    def start(world: World, days: Days = MARCH, fortnox: FortnoxCompany | None = None, **choices: Any) -> Company:
        settings = extracted(world, tmp_path / "extracted", days, **choices)
        return company_with(settings, tmp_path / "home", host, fortnox)

    return start
