"""Fixtures of delivery's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fortstripe_dagster_tests.delivery.house import House, house


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A company with an empty ledger that sends an invoice for every sale."""
    with house(tmp_path) as running:
        yield running
