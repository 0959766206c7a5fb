"""Fixtures for tests of the stand-ins: one running server for the whole session, fresh books for every test."""

from collections.abc import Callable, Iterator

import pytest

from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster_tests.sandbox.fortnox_api import Api, Stage


@pytest.fixture(scope="session")
def fortnox_stage() -> Iterator[tuple[Stage, str]]:
    """A server that serves whatever stand-in is put on its stage."""
    stage = Stage()
    with serve(stage) as server:
        yield stage, server.url


@pytest.fixture
def fortnox(fortnox_stage: tuple[Stage, str]) -> Callable[..., Api]:
    """`fortnox(company, **app)` puts a stand-in with these settings on stage."""
    return lambda *company, **app: Api(*fortnox_stage, *company, **app)


@pytest.fixture
def api(fortnox: Callable[..., Api]) -> Api:
    """A stand-in with an ordinary company's books."""
    return fortnox()
