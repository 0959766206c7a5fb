"""Shadow mode: whatever a person runs, Fortnox is read and never written to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from fortstripe_dagster import cli
from fortstripe_dagster.delivery import connect
from fortstripe_dagster.fortnox import ReadOnly, path
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import Run
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.proof.company import local

RANGE = ("--from", "2026-03-01", "--to", "2026-03-04")
NOT_RUN = {"demo", "sandbox", "connect", "sync"}
"""Commands that serve stand-ins of their own, or wait for a person's consent; sync has a test of its own."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One company for the module, with two sales on the first two days and a refund on the third."""
    world = World(seed=1, now=local(2, 20))
    sold = world.one_off_payment(at=local(3, 2, 10), amount=21875, name="Anna Berg", email="anna@example.com")
    world.one_off_payment(at=local(3, 3, 11), amount=12500, name="Erik Lund", email="erik@example.com")
    world.refund(sold, at=local(3, 4, 12))
    with running(world, tmp_path_factory.mktemp("shadow")) as served:
        yield served


@pytest.fixture
def company(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """That company in shadow mode, by the environment."""
    configure(served.settings, tmp_path, monkeypatch)
    monkeypatch.setenv("FORTSTRIPE_MODE", "shadow")
    return served


def test_a_sync_reads_plans_and_writes_nothing(company: Running, run: Run) -> None:
    code, out, err = run("sync", *RANGE, "--json")
    assert (code, company.writes()) == (0, 0), err
    result = json.loads(out)
    assert result["delivered"]["written"] == {}
    assert result["delivered"]["shadow"]["invoice"] == 2
    assert result["proof"]["ok"] is True
    kinds = {item["kind"] for item in result["proof"]["items"]}
    assert "shadow" in kinds and "unsent" not in kinds
    assert company.general_ledger() == {}


def test_no_command_writes_also_where_there_is_something_to_undo(
    company: Running, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORTSTRIPE_MODE", "live")
    assert run("sync", "--from", "2026-03-01", "--to", "2026-03-03")[0] == 0
    before, books = company.writes(), company.general_ledger()
    assert before > 4
    with company.warehouse() as connection:
        (document,) = connection.execute(
            "SELECT min(document_id) FROM delivery.documents WHERE kind = 'invoice' AND status = 'done'"
        ).fetchall()[0]
    monkeypatch.setenv("FORTSTRIPE_MODE", "shadow")
    code, _, err = run("undo", document, "--reason", "a mistake")
    assert code == 2 and 'mode = "live"' in err
    for name in sorted(cli.cli.commands.keys() - NOT_RUN):
        for arguments in ways_to_run(cli.cli.commands[name], document, tmp_path / "fortstripe.toml"):
            code, _, err = run(name, *arguments)
            assert code in (0, 1, 2, 3), err
            assert company.writes() == before, f"fortstripe {name} {' '.join(arguments)} wrote to Fortnox"
    assert company.general_ledger() == books


def ways_to_run(command: click.Command, document: str, file: Path) -> Iterator[list[str]]:
    """The arguments that a command needs, then the same with all of its switches."""
    values = {
        "first": "2026-03-01",
        "last": "2026-03-04",
        "month": "2026-03",
        "moment": "2026-03-05",
        "reason": "tried in shadow mode",
    }
    needed: list[str] = []
    switches: list[str] = []
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.is_flag:
            switches.append(parameter.opts[0])
        elif parameter.required:
            value = values.get(parameter.name or "", str(file) if isinstance(parameter.type, click.Path) else document)
            needed += [parameter.opts[0], value] if isinstance(parameter, click.Option) else [value]
    yield needed
    if {*switches} - {"--json"}:
        yield [*needed, *switches]


@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.post(path("vouchers"), {"Voucher": {}}),
        lambda client: client.put(path("invoices", 1, "bookkeep")),
        lambda client: client.delete(path("voucherfileconnections", "1")),
        lambda client: client.upload(path("inbox"), "a.csv", b"a"),
        lambda client: client.get(path("invoices", 1, "email")),
    ],
)
def test_the_rim_lets_no_write_out(company: Running, write: Callable[[Any], object]) -> None:
    client = connect(company.settings.model_copy(update={"mode": "shadow"}))
    before = len(company.fortnox.calls)
    with pytest.raises(ReadOnly, match="Nothing was sent"):
        write(client)
    assert len(company.fortnox.calls) == before
    assert client.get(path("companyinformation"))
