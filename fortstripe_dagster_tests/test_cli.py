"""The command line: two stand-ins as separate processes, and every bad input as one line with its remedy."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from fortstripe_dagster.extract.client import Patience
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import Run
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import small_world

ROOT = Path(__file__).parents[1]
MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(small_world(), tmp_path / "home") as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A company of which nothing is read or written."""
    with running(small_world(), tmp_path_factory.mktemp("untouched")) as served:
        yield served


@pytest.fixture
def untouched(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """That company, with files and the environment of a test of its own."""
    configure(served.settings.model_copy(update={"home": tmp_path / "home"}), tmp_path, monkeypatch)
    return served


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_two_stand_ins_as_processes_and_nothing_but_the_environment(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = three_free_ports()
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "fortstripe_dagster.cli", "sandbox", "--payments", "5", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"FORTSTRIPE_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sandbox.stdout is not None
        environment = {}
        for line in sandbox.stdout:
            if exported := re.fullmatch(r"\s+export (\w+)=(.*)\n", line):
                environment[exported[1]] = exported[2]
            if "fortstripe sync" in line:
                break
        command = [sys.executable, "-m", "fortstripe_dagster.cli", "sync", *MARCH, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode in (0, 3), done.stderr
        result = json.loads(done.stdout)
        assert result["proof"]["ok"] is True
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert (
            result["delivered"]["written"]
            and json.loads(run("sync", *MARCH, "--json")[1])["delivered"]["written"] == {}
        )
        busy = subprocess.run(
            [sys.executable, "-m", "fortstripe_dagster.cli", "sandbox", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"FORTSTRIPE_HOME": str(tmp_path / "other")},
            capture_output=True,
            text=True,
        )
        assert busy.returncode == 2
        assert str(port) in last_line(busy.stderr) and "Remedy:" in last_line(busy.stderr)
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.communicate(timeout=30)


def test_a_missing_account_holds_its_documents_and_approval_is_waited_for(
    company: Running, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORTSTRIPE_APPROVAL", "manual")
    monkeypatch.setenv("FORTSTRIPE_ACCOUNTS__PROCESSING_FEE", "6579")
    code, _, err = run("sync", *MARCH)
    assert (code, company.writes()) == (3, 0), err
    code, out, _ = run("plan", *MARCH, "--json")
    assert code == 3 and company.writes() == 0
    assert json.loads(out)["awaiting"]
    assert run("approve", *MARCH, "--all", "--who", "Karin")[0] == 0
    code, out, _ = run("apply", *MARCH)
    assert code == 3 and "6579" in out
    assert company.writes() > 0 and "6570" not in company.general_ledger(), "the rest goes on"
    monkeypatch.delenv("FORTSTRIPE_ACCOUNTS__PROCESSING_FEE")
    assert run("sync", *MARCH)[0] == 3
    code, out, _ = run("plan", *MARCH, "--json")
    assert (code, json.loads(out)["held"]) == (3, []), "what was held waits for a person, too"
    assert run("approve", *MARCH, "--all", "--who", "Karin")[0] == 0
    assert run("apply", *MARCH)[0] == 0
    assert company.general_ledger()["6570"] > 0
    code, out, _ = run("prove", *MARCH, "--json")
    assert code == 0 and json.loads(out)["ok"] is True


@pytest.mark.parametrize(
    ("environment", "arguments", "code", "line"),
    [
        ({"STRIPE_API_KEY": ""}, MARCH, 2, "STRIPE_API_KEY is not set"),
        ({"FORTNOX_CLIENT_SECRET": ""}, MARCH, 2, "FORTNOX_CLIENT_SECRET not set"),
        ({"STRIPE_API_KEY": "rk_test_wrong"}, MARCH, 1, "Stripe"),
        ({"FORTNOX_CLIENT_SECRET": "wrong"}, MARCH, 1, "Fortnox"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:9"}, MARCH, 1, "Stripe"),
        ({"FORTNOX_API_BASE": "http://127.0.0.1:9"}, MARCH, 1, "Fortnox"),
        ({}, ("--from", "2026-03-31", "--to", "2026-03-01"), 2, "ends (2026-03-01) before it starts (2026-03-31)"),
        ({}, ("--from", "2026-02-01", "--to", "2026-03-01"), 2, "before start_date 2026-03-01"),
        ({}, ("--from", "2026-03-01", "--to", "2199-01-01"), 2, "has not come yet"),
        ({}, ("--from", "1 March", "--to", "2026-03-02"), 2, "is not a day"),
        ({"FORTSTRIPE_SALES": "weekly"}, MARCH, 2, "sales input should be"),
        ({"FORTSTRIPE_CONFIG": "nowhere.toml"}, MARCH, 2, "nowhere.toml, which is not a file"),
    ],
)
def test_bad_input_is_one_line_with_its_remedy(
    untouched: Running,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    code: int,
    line: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Patience, "delay", lambda self, attempt: 0)
    left, out, err = run("sync", *arguments)
    assert left == code, err
    assert line in last_line(err) and "Remedy:" in last_line(err)
    assert "Traceback" not in err and not out
    assert "rk_test_" not in err and "sandbox-secret" not in err
    assert untouched.writes() == 0


def test_a_stream_the_key_may_not_read_is_named(company: Running, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(stripe_app(company.world, forbidden={"rak_dispute_read"})) as narrow:
        monkeypatch.setenv("STRIPE_API_BASE", narrow.url)
        code, _, err = run("sync", *MARCH)
    assert code == 1
    assert "disputes" in last_line(err) and "rak_dispute_read" in last_line(err)
    assert company.writes() == 0


def test_a_corrupt_warehouse_and_a_corrupt_journal_say_what_to_do(company: Running, run: Run) -> None:
    home = company.settings.home
    home.mkdir(parents=True)
    company.settings.warehouse_path.write_bytes(b"garbage" * 5000)
    code, _, err = run("sync", *MARCH)
    assert code == 1 and "journal.sqlite must stay" in last_line(err)
    company.settings.warehouse_path.unlink()
    company.settings.journal_path.write_bytes(b"garbage" * 5000)
    code, _, err = run("sync", *MARCH)
    assert code == 1 and "adopt" in last_line(err)
    assert company.writes() == 0


def test_a_warehouse_that_a_shell_has_open_says_so(company: Running, run: Run) -> None:
    company.settings.home.mkdir(parents=True)
    hold = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    shell = subprocess.Popen(
        [sys.executable, "-c", hold, str(company.settings.warehouse_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert shell.stdout is not None and shell.stdout.readline().strip() == "open"
        code, _, err = run("sync", *MARCH)
    finally:
        shell.kill()
        shell.communicate()
    assert code == 1 and "has warehouse.duckdb open" in last_line(err)


def test_a_full_disk_loses_nothing(company: Running, run: Run) -> None:
    """The operating system refuses writes beyond a size, as a full disk does; then there is room again."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))

    command = [sys.executable, "-m", "fortstripe_dagster.cli", "sync", *MARCH]
    full = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=little_room)
    assert full.returncode == 1, full.stderr
    assert "disk is full" in last_line(full.stderr) and "Remedy:" in last_line(full.stderr)
    assert "Traceback" not in full.stderr
    code, _, err = run("sync", *MARCH)
    assert code == 0, err
    with duckdb.connect(str(company.settings.home / "warehouse.read.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.sales").fetchone() == (3,)


def three_free_ports() -> int:
    """The first of three ports in a row that nobody listens on."""
    for first in range(18000, 60000, 3):
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            try:
                for offset, listener in enumerate((a, b, c)):
                    listener.bind(("127.0.0.1", first + offset))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")
