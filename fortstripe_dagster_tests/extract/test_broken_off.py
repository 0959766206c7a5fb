"""Runs that are killed or interrupted, as processes of their own: what is committed stays, and the next goes on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from starlette.types import Receive, Scope, Send

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import Extraction
from fortstripe_dagster.extract.gathering import FIRST_PAGES
from fortstripe_dagster.sandbox.stripe.fast.app import FastStripe
from fortstripe_dagster.sandbox.stripe.fast.collection import Collection
from fortstripe_dagster.sandbox.stripe.fast.templates import templates
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES
from fortstripe_dagster_tests.extract.conftest import Switchboard

DAYS = Days(date(2026, 3, 1), date(2026, 3, 31))
CHARGES = 9_000
COMPANY = Path(__file__).parents[2] / "fortstripe.example.toml"


@dataclass
class Watched:
    """A Stripe that answers no list of charges from the `silent_from`th on, until it is told to."""

    app: FastStripe
    lists: list[str] = field(default_factory=list)
    silent_from: int = 0
    silent: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/v1/charges":
            self.lists.append(scope["query_string"].decode())
            while self.silent_from and len(self.lists) >= self.silent_from:
                self.silent.set()
                await asyncio.sleep(0.05)
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def charges() -> Collection:
    begin = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    return Collection("charges", templates()["charges"], CHARGES, begin, 28)


@pytest.fixture
def stripe(charges: Collection) -> Watched:
    return Watched(FastStripe({"charges": charges}))


@pytest.fixture
def company(stripe: Watched, switchboard: Switchboard, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a company with this Stripe; nobody else answers."""
    yield {
        **os.environ,
        "FORTSTRIPE_CONFIG": str(COMPANY),
        "FORTSTRIPE_HOME": str(tmp_path / "home"),
        "FORTSTRIPE_STRIPE__REQUESTS_PER_SECOND": "500",
        "FORTSTRIPE_STRIPE__REQUESTS_PER_SECOND_ACCOUNT": "1000",
        "FORTSTRIPE_STRIPE__SWITCHED_OFF": '["checkout_sessions"]',
        "STRIPE_API_KEY": "rk_test_sandbox",
        "STRIPE_API_BASE": switchboard.connect(stripe),
        "FORTNOX_CLIENT_ID": "nobody",
        "FORTNOX_CLIENT_SECRET": "nobody",
        "FORTNOX_TENANT_ID": "1",
    }


def broken_off(company: dict[str, str], stripe: Watched, number: int) -> subprocess.CompletedProcess[str]:
    """A sync that gets this signal once Stripe answers no more and what could be committed is."""
    command = [sys.executable, "-m", "fortstripe_dagster.cli", "sync", "--from", "2026-03-01", "--to", "2026-03-31"]
    with subprocess.Popen(command, env=company, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert stripe.silent.wait(60), process.communicate(timeout=5)
        deadline = time.monotonic() + 30
        while len(list(Path(company["FORTSTRIPE_HOME"]).glob("spool/*/*.json"))) >= FIRST_PAGES:
            assert time.monotonic() < deadline, "nothing was committed"
            time.sleep(0.02)
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - sent < 10  # though Stripe does not answer
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def value(company: dict[str, str], sql: str) -> int:
    path = Path(company["FORTSTRIPE_HOME"]) / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        return int(connection.execute(sql).fetchall()[0][0] or 0)


def finish(company: dict[str, str], stripe: Watched) -> int:
    """List the charges again, undisturbed; how many lists that took."""
    before = len(stripe.lists)
    settings = Settings(
        **{**CHOICES, "home": Path(company["FORTSTRIPE_HOME"]), "STRIPE_API_BASE": company["STRIPE_API_BASE"]}
    )
    with Extraction(settings, Warehouse(settings.warehouse_path), progress=lambda line: None) as run:
        (report,) = run.extract_streams(["charges"], DAYS)
    assert report.rows >= CHARGES
    return len(stripe.lists) - before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_broken_off_is_continued_where_it_stopped(
    company: dict[str, str], stripe: Watched, number: int
) -> None:
    stripe.silent_from = FIRST_PAGES + 25
    ended = broken_off(company, stripe, number)
    stripe.silent_from = 0
    assert ended.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 1)
    if number == signal.SIGINT:
        assert "Stopped. What was committed stays; the same command goes on from there." in ended.stderr
        assert "Traceback" not in ended.stderr + ended.stdout
    assert not re.search(r"rk_test", ended.stderr)

    kept = value(company, "SELECT count(*) FROM stripe.charges")
    pages = value(company, "SELECT sum(requests) FROM stripe.pieces WHERE stream = 'charges'")
    assert 100 * FIRST_PAGES / 2 <= kept < CHARGES and pages >= FIRST_PAGES / 2  # other streams have pages, too
    assert value(company, "SELECT count(*) FROM stripe.windows WHERE stream = 'charges'") == 0  # not whole

    under_way = 32  # segments at most that were begun: each is asked for once more
    assert finish(company, stripe) <= CHARGES / 100 - pages + under_way
    assert value(company, "SELECT count(*) FROM stripe.charges") == CHARGES
    assert value(company, "SELECT count(*) FROM stripe.raw_objects WHERE stream = 'charges'") == CHARGES
    assert value(company, "SELECT count(*) FROM stripe.raw_versions") == 0
    assert value(company, "SELECT count(*) FROM stripe.pieces WHERE stream = 'charges'") == 0
    assert value(company, "SELECT count(*) FROM stripe.windows WHERE stream = 'charges'") == 1
