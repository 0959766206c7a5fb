"""What every test stands on: a company's choices, and an environment without the developer's own."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from fortstripe_dagster import cli
from fortstripe_dagster.business_day import Days

hypothesis.settings.register_profile("ours", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("ours")

Run = Callable[..., tuple[int, str, str]]

MARCH = Days(date(2026, 3, 1), date(2026, 3, 31))

CHOICES: dict[str, Any] = {
    "start_date": date(2026, 3, 1),
    "sales": "invoice",
    "invoice_issuer": "stripe",
    "processing_fee_vat": "exempt",
    "dispute_lost": "credit",
    "bank_leg": "book",
    "default_supply": {"kind": "e-service", "vat_rate": 25},
    "oss": {"status": "off", "previous_year_turnover": 0, "outside_stripe": "none"},
    "accounts": {"clearing": {"SEK": "1686"}},
    "stripe": {"requests_per_second": 500, "requests_per_second_account": 1000},
    "fortnox": {"requests_per_5_seconds": 5000, "settle_seconds": 0.2},
    "STRIPE_API_KEY": "rk_test_sandbox",
    "FORTNOX_CLIENT_ID": "sandbox",
    "FORTNOX_CLIENT_SECRET": "sandbox-secret",
}


def pytest_configure() -> None:
    """A shell that starts tests in the background ignores SIGINT; what they start and interrupt would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is imported stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_company_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the configuration or the secrets of the person who runs it."""
    for name in ("FORTSTRIPE_CONFIG", "FORTSTRIPE_HOME", "STRIPE_API_KEY", "STRIPE_API_BASE", "RATES_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FORTNOX_CLIENT_ID", "FORTNOX_CLIENT_SECRET", "FORTNOX_TENANT_ID", "FORTNOX_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FORTSTRIPE_COMPANIES", "FORTSTRIPE_COMPANY", "FORTSTRIPE_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: `run("sync", …)` -> exit code, stdout, stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fortstripe", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return command
