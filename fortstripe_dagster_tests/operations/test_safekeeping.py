"""Backup and restore of a company: while runs go on, into an empty place, and never over a newer journal."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery import adopt
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.failures import DeliveryStopped, Failure
from fortstripe_dagster.operations import safekeeping
from fortstripe_dagster.operations.safekeeping import manifest
from fortstripe_dagster.operations.safekeeping.backup import without_secrets
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import booked, small_world


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A company whose month is booked, with a paper that somebody attached."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch, booked().once_more(folder / "home") as served:
        configure(served.settings, folder, patch)
        paper = served.settings.home / "attachments" / "2026-03" / "contract.pdf"
        paper.parent.mkdir(parents=True)
        paper.write_bytes(b"%PDF a contract")
        (served.settings.home / "fortnox-tokens.json").write_text('{"refresh_token": "secret-token"}')
        yield served


@pytest.fixture
def kept(company: Running, tmp_path: Path) -> safekeeping.Backup:
    return safekeeping.backup(company.settings, company.said.append, tmp_path / "kept.tar.gz")


def deliver(settings: Settings, company: Running) -> delivery.DeliveryReport:
    """What a delivery of the month does from another place."""
    return delivery.deliver(settings, Warehouse(settings.warehouse_path), MARCH, progress=company.said.append)


def elsewhere(company: Running, home: Path) -> Settings:
    return company.settings.model_copy(update={"home": home})


def test_a_restored_company_goes_on_as_if_nothing_had_happened(
    company: Running, kept: safekeeping.Backup, tmp_path: Path
) -> None:
    settings = elsewhere(company, tmp_path / "new")
    restored = safekeeping.restore(settings, kept.path, company.said.append)
    assert restored.aside is None
    assert (settings.home / "attachments/2026-03/contract.pdf").read_bytes() == b"%PDF a contract"
    assert list((settings.home / "proof").glob("certificate-*.html"))
    wrote = company.writes()
    assert deliver(settings, company).nothing_to_do
    assert company.writes() == wrote


def test_no_secret_no_lock_and_no_copy_for_analysts_is_in_it(kept: safekeeping.Backup, tmp_path: Path) -> None:
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    with tarfile.open(kept.path) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "open", filter="data")
    assert set(names) == {manifest.NAME, *kept.manifest.files}
    assert not [name for name in names if name.endswith((".lock", ".owner", "tokens.json")) or "read.duckdb" in name]
    for path in (tmp_path / "open").rglob("*"):
        assert path.is_dir() or b"secret-token" not in path.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"kept.tar.gz", "open"}


def test_a_secret_in_the_configuration_is_left_out(company: Running) -> None:
    text = 'start_date = 2026-03-01\nSTRIPE_API_KEY = "rk_live_1"\n# an old one: rk_test_sandbox\nsales = "auto"\n'
    kept, left_out = without_secrets(text, company.settings)
    assert kept == 'start_date = 2026-03-01\nsales = "auto"\n'
    assert left_out == ("STRIPE_API_KEY", "a line")


def test_it_is_sound_while_a_delivery_runs_and_adopts_what_came_after(tmp_path: Path) -> None:
    """Backups made while requests are under way: each is a company as it was at some moment of the delivery."""
    with running(small_world(8), tmp_path / "home") as company:
        made: list[safekeeping.Backup] = []
        calls = count(1)

        def in_the_midst(call: Call) -> None:
            if call.writes and next(calls) in (3, 14, 28):
                made.append(safekeeping.backup(company.settings, company.said.append, tmp_path / f"{len(made)}.tar.gz"))

        company.fortnox.faults.answer = in_the_midst
        company.sync()
        intents = [one.manifest.journal["intents"] for one in made]
        assert len(intents) == 3 and intents == sorted(set(intents))
        for number, one in enumerate(made):
            settings = elsewhere(company, tmp_path / f"restored-{number}")
            safekeeping.restore(settings, one.path, company.said.append)
            with Journal(settings.journal_path) as journal:
                answered = journal.rows("SELECT count(*) FROM answers")[0][0]
            assert answered < intents[number] <= answered + settings.fortnox.in_flight
            with Warehouse(settings.warehouse_path).writer() as connection:
                assert connection.execute("SELECT count(*) FROM ledger.sales").fetchone() == (8,)
        # Each is older than Fortnox by now: a delivery stops until the journal has adopted what it lacks.
        with pytest.raises(DeliveryStopped):
            deliver(settings, company)
        adopt(settings, Warehouse(settings.warehouse_path), progress=company.said.append)
        books, vouchers = company.general_ledger(), len(company.books.vouchers())
        deliver(settings, company)
        assert deliver(settings, company).nothing_to_do
        assert (company.general_ledger(), len(company.books.vouchers())) == (books, vouchers)


def test_a_newer_journal_is_not_replaced(company: Running, kept: safekeeping.Backup, tmp_path: Path) -> None:
    settings = elsewhere(company, tmp_path / "newer")
    safekeeping.restore(settings, kept.path, company.said.append)
    with Journal(settings.journal_path) as journal:
        journal.move_cursor("anything", datetime.now(UTC))
    before = settings.journal_path.read_bytes()
    with pytest.raises(Failure, match="newer than kept.tar.gz of .* lacks 1 rows"):
        safekeeping.restore(settings, kept.path, company.said.append)
    assert settings.journal_path.read_bytes() == before


def test_what_is_replaced_is_moved_aside(company: Running, kept: safekeeping.Backup, tmp_path: Path) -> None:
    settings = elsewhere(company, tmp_path / "twice")
    safekeeping.restore(settings, kept.path, company.said.append)
    settings.warehouse_path.write_bytes(b"spoilt")
    settings.warehouse_path.with_name("warehouse.duckdb.wal").write_bytes(b"of the spoilt one")
    restored = safekeeping.restore(settings, kept.path, company.said.append)
    assert restored.aside is not None
    assert (restored.aside / "warehouse.duckdb").read_bytes() == b"spoilt"
    assert not settings.warehouse_path.with_name("warehouse.duckdb.wal").exists()
    assert manifest.digest(settings.warehouse_path) == kept.manifest.files["warehouse.duckdb"]


def test_a_damaged_journal_is_what_backups_are_for(company: Running, kept: safekeeping.Backup, tmp_path: Path) -> None:
    settings = elsewhere(company, tmp_path / "damaged")
    settings.home.mkdir()
    settings.journal_path.write_bytes(b"garbage" * 1000)
    restored = safekeeping.restore(settings, kept.path, company.said.append)
    assert restored.aside is not None and (restored.aside / "journal.sqlite").exists()
    assert deliver(settings, company).nothing_to_do


def test_a_backup_of_another_company_is_refused(company: Running, kept: safekeeping.Backup, tmp_path: Path) -> None:
    settings = elsewhere(company, tmp_path / "other")
    with Journal(settings.journal_path) as journal:
        journal.pin("fortnox_tenant", "99", "the Fortnox company")
    with pytest.raises(Failure, match="another company.*fortnox_tenant"):
        safekeeping.restore(settings, kept.path, company.said.append)


@pytest.mark.parametrize("damage", ["cut", "altered", "not one", "newer"])
def test_a_backup_that_is_not_whole_replaces_nothing(
    company: Running, kept: safekeeping.Backup, tmp_path: Path, damage: str
) -> None:
    bad = tmp_path / "bad.tar.gz"
    if damage == "cut":
        bad.write_bytes(kept.path.read_bytes()[:-2000])
    elif damage == "not one":
        bad.write_bytes(b"anything")
    else:
        repack(kept.path, bad, tmp_path / "repacked", damage)
    settings = elsewhere(company, tmp_path / "untouched")
    with pytest.raises(Failure):
        safekeeping.restore(settings, bad, company.said.append)
    assert not settings.journal_path.exists() and not settings.warehouse_path.exists()
    assert not list(settings.home.glob(".restore-*"))


def test_an_archive_cannot_write_outside_of_its_place(company: Running, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        archive.add(Path(__file__), arcname="../../escaped")
    with pytest.raises(Failure, match="cannot be read"):
        safekeeping.restore(elsewhere(company, tmp_path / "a" / "home"), evil, company.said.append)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("name", ["journal.lock", "warehouse.lock"])
def test_a_run_under_way_is_not_disturbed(
    company: Running, kept: safekeeping.Backup, tmp_path: Path, name: str
) -> None:
    settings = elsewhere(company, tmp_path / "busy")
    settings.home.mkdir()
    with FileLock(settings.home / name), pytest.raises(Failure, match="under way"):
        safekeeping.restore(settings, kept.path, company.said.append, wait_seconds=0.1)
    assert not settings.journal_path.exists()


def test_nothing_to_keep_and_a_file_that_is_there_are_refused(company: Running, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no journal"):
        safekeeping.backup(elsewhere(company, tmp_path / "empty"), company.said.append)
    (tmp_path / "mine.tar.gz").write_text("mine")
    with pytest.raises(Failure, match="exists already"):
        safekeeping.backup(company.settings, company.said.append, tmp_path / "mine.tar.gz")
    assert (tmp_path / "mine.tar.gz").read_text() == "mine"


def repack(good: Path, bad: Path, folder: Path, damage: str) -> None:
    """A backup with an altered paper, or of a later format."""
    with tarfile.open(good) as archive:
        archive.extractall(folder, filter="data")
    if damage == "altered":
        (folder / "attachments/2026-03/contract.pdf").write_bytes(b"%PDF another contract")
    else:
        says = folder / manifest.NAME
        says.write_text(says.read_text().replace('"format": 1', '"format": 2'))
    with tarfile.open(bad, "w:gz") as archive:
        archive.add(folder, arcname="")
