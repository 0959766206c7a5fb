"""A journal restored from an old copy, taken at any moment of a delivery: it stops the next one, adopt puts back what
it lacks, and the delivery after that ends with the books of an undisturbed one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster_tests.delivery.house import House, house
from fortstripe_dagster_tests.delivery.test_corrections import change
from fortstripe_dagster_tests.delivery.test_deliver import a_few_days
from fortstripe_dagster_tests.delivery.test_lost_journal import adopt, lose
from fortstripe_dagster_tests.delivery.test_undo import undo
from fortstripe_dagster_tests.kills.books_said import said


def keep_copies(home: House, copies: Path) -> None:
    """Copy the journal, as a backup would, whenever a write reaches Fortnox."""

    def copy(call: Call) -> None:
        if call.writes:
            target = sqlite3.connect(copies / f"{len(home.writes()):03}")
            with closing(sqlite3.connect(home.settings.journal_path)) as source, closing(target):
                source.backup(target)

    home.gateway.faults.answer = copy


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Path]]:
    """A few days are in Fortnox; copies of the journal at each write of that delivery."""
    copies = tmp_path_factory.mktemp("copies")
    with house(tmp_path_factory.mktemp("delivered")) as home:
        a_few_days(home)
        keep_copies(home, copies)
        home.deliver()
        yield home, copies


@pytest.mark.parametrize("moment", range(1, 25, 3))
def test_adopt_recovers_from_a_copy_of_any_moment(delivered: tuple[House, Path], tmp_path: Path, moment: int) -> None:
    undisturbed, copies = delivered
    books = said(undisturbed.books)
    with undisturbed.once_more(tmp_path) as home:
        lose(home)
        shutil.copy(copies / f"{moment:03}", home.settings.journal_path)
        for _ in range(2):  # what was in doubt when the copy was made is found first, and the rest is noticed
            with pytest.raises(DeliveryStopped, match="fortstripe adopt"):
                home.deliver()
        report = adopt(home)
        assert report.unplaced == (), report.text()
        home.deliver()
        assert said(home.books) == books
        assert home.deliver().nothing_to_do


def test_a_copy_of_before_the_first_delivery_is_noticed_too(home: House, tmp_path: Path) -> None:
    home.journal().close()
    shutil.copy(home.settings.journal_path, tmp_path / "empty")
    a_few_days(home)
    home.gateway.faults.answer = lambda call: DroppedConnection() if call.path.endswith("invoices/3/bookkeep") else None
    home.deliver(fortnox=home.settings.fortnox.model_copy(update={"settle_seconds": 0.01}))
    home.gateway.faults.answer = lambda call: None
    lose(home)
    shutil.copy(tmp_path / "empty", home.settings.journal_path)
    with pytest.raises(DeliveryStopped, match="fortstripe adopt"):
        home.deliver()
    adopt(home)
    assert home.deliver().exit_code == 0
    assert home.books.open_receivables() == [] and home.deliver().nothing_to_do


@contextmanager
def from_before(home: House, tmp_path: Path) -> Iterator[None]:
    """What happens in the block is lost from the journal, and adopted again."""
    with (
        closing(sqlite3.connect(home.settings.journal_path)) as source,
        closing(sqlite3.connect(tmp_path / "old")) as old,
    ):
        source.backup(old)
    yield
    books = said(home.books)
    lose(home)
    shutil.copy(tmp_path / "old", home.settings.journal_path)
    with pytest.raises(DeliveryStopped, match="fortstripe adopt"):
        home.deliver()
    report = adopt(home)
    assert report.unplaced == (), report.text()
    home.deliver()
    assert said(home.books) == books and home.deliver().nothing_to_do


def test_corrections_are_adopted_again(home: House, tmp_path: Path) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.sale("ch_2", 10000)
    home.fee("txn_1:fee", 300)
    home.deliver()
    with from_before(home, tmp_path):
        change(home, "ch_1", 10000, rate=12, account="3002", vat_account="2621")  # credited, made anew, set off
        change(home, "ch_2", 10000, account="3520")  # reposted
        home.fee("txn_1:fee", 350)
        assert home.deliver().exit_code == 0


def test_undone_and_redone_documents_are_adopted_again(home: House, tmp_path: Path) -> None:
    home.fee("txn_1:fee", 300)
    home.fee("txn_2:fee", 300, day=date(2026, 3, 3))
    home.sale("ch_1", 10000)
    home.deliver()
    with from_before(home, tmp_path):
        undo(home, "voucher:2026-03-02:SEK:fees")
        undo(home, "voucher:2026-03-03:SEK:fees")
        undo(home, "voucher:2026-03-03:SEK:fees", redo=True)
        undo(home, "invoice:ch_1")
        home.deliver()
    assert {item.document_id for item in home.plan().undone} == {
        "undone:voucher:2026-03-02:SEK:fees", "undone:invoice:ch_1",
    }  # fmt: skip


def test_a_document_that_was_moved_to_an_open_day_is_adopted_under_its_own(home: House, tmp_path: Path) -> None:
    home.deliver()
    home.books.lock(date(2026, 3, 10))
    with from_before(home, tmp_path):
        home.payout("po_1", 500)
        home.deliver()
    (moved,) = home.books.vouchers(series="S")
    assert str(moved.day) == "2026-03-11"
