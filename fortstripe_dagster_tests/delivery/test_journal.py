"""The journal: append-only, durable, one delivery at a time, and refusing what it cannot trust."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import Document, Journal
from fortstripe_dagster.delivery.documents.documents import Line, Part
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Request
from fortstripe_dagster.failures import DeliveryStopped, Failure
from fortstripe_dagster_tests.delivery.house import FIRST, House

FEES = Document(
    "voucher:2026-03-02:SEK:fees", "voucher", FIRST, "Avgifter",
    parts=(Part("txn_1:fee", (Line("1686", Decimal(-3)), Line("6570", Decimal(3)))),), content={"rows": []},
)  # fmt: skip
CREATE = Request("POST", "/3/vouchers", {"Voucher": {}}, {"financialyear": 2})


def test_nothing_in_it_can_be_changed_or_deleted(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.begin_run("run", Days(FIRST, FIRST))
        journal.pin("fortnox_tenant", "1", "the Fortnox company")
        intent = journal.intend(FEES, "create", CREATE, "run", "auto")
        journal.answer(intent.intent, "done", number="1", body={})
        journal.match("customer:cus_1", "1", "our number")
        journal.approve([("voucher:x", "hash")], "Eva")
        journal.move_cursor("compared", intent.at)
        journal.touch([FIRST], "a refund")
        journal.finish_run("run")
        journal.keep_choices({"digest": "{}"})
        journal.replan(FIRST, "digest", "another account", "Eva")
        journal.order("voucher:x", "undo", "another customer", "Eva")
        journal.forget("cus_1", "contact", "asked for it", "Eva")
    raw = sqlite3.connect(path)
    tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert len(tables) == 15
    for table in tables:
        (column, *_) = raw.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(statement)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_intent_is_in_doubt_until_it_is_answered_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        intent = journal.intend(FEES, "create", CREATE, "run", "auto")
        (opened,) = journal.open_intents()
        assert (opened.document_id, opened.step, opened.request) == (FEES.document_id, "create", CREATE)
        journal.answer(intent.intent, "done", number="7", body={"Voucher": {}})
        assert journal.open_intents() == []
        with pytest.raises(sqlite3.IntegrityError):
            journal.answer(intent.intent, "refused")
        assert history.progress(journal, [FEES.document_id])[FEES.document_id].number == "7"


def test_a_seal_binds_only_once_something_may_have_happened(tmp_path: Path) -> None:
    changed = Document(
        FEES.document_id, "voucher", FIRST, "Avgifter", (Part("txn_2:fee", (Line("6570", Decimal(5)),)),)
    )
    days = Days(FIRST, FIRST)
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.answer(journal.intend(FEES, "create", CREATE, "run", "auto").intent, "refused", code=2000401)
        assert history.sealed_documents(journal, days) == []
        intent = journal.intend(changed, "create", CREATE, "run", "auto")
        assert history.sealed_documents(journal, days)[0].entry_ids == ("txn_2:fee",)
        journal.answer(intent.intent, "done", number="1")
        assert set(history.sealed_entries(journal, ["txn_1:fee"], days)) == {"txn_2:fee"}
        assert history.finished(journal, [FEES.document_id]) == {FEES.document_id}


def test_two_deliveries_do_not_run_at_once(home: House) -> None:
    home.fee("txn_1:fee", 300)
    with (
        home.journal() as one,
        one.delivering(),
        home.journal() as other,
        pytest.raises(DeliveryStopped, match="Another delivery is running .process"),
        other.delivering(wait_seconds=0.05),
    ):
        raise AssertionError("both may deliver")
    assert home.deliver().exit_code == 0


def test_another_company_or_mode_is_refused(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    with home.journal() as journal, pytest.raises(DeliveryStopped, match="never mix"):
        journal.pin("fortnox_tenant", "99", "the Fortnox company")
    home.sql("INSERT INTO stripe.account VALUES ('acct_1', false)")
    home.deliver()
    home.sql("UPDATE stripe.account SET livemode = true")
    with pytest.raises(DeliveryStopped, match="Stripe's mode test, not live"):
        home.deliver()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"not a database at all, but long enough to be read as one" * 20, "cannot be read"), (None, "newer")],
)
def test_a_corrupt_or_newer_journal_is_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "journal.sqlite"
    if content is not None:
        path.write_bytes(content)
    else:
        Journal(path).close()
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA user_version = 99")
    with pytest.raises(Failure, match=says) as failure:
        Journal(path)
    assert failure.value.remedy


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE mine (x)")
    with pytest.raises(Failure, match="not a journal"):
        Journal(path)


def test_touched_days_are_those_changed_after_their_last_delivery(tmp_path: Path) -> None:
    second = date(2026, 3, 3)
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.touch([FIRST, second], "a refund")
        assert journal.touched() == [FIRST, second]
        journal.begin_run("run", Days(FIRST, FIRST))
        assert journal.touched() == [FIRST, second]  # it may yet fail
        journal.begin_run("run", Days(FIRST, FIRST))
        journal.touch([second], "a dispute")
        journal.finish_run("run")
        assert journal.touched() == [second]
        journal.touch([FIRST], "another")
        assert journal.touched() == [FIRST, second]


def test_a_journal_from_before_choice_sets_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    raw = sqlite3.connect(path)
    raw.executescript(
        "INSERT INTO runs VALUES ('run', '2026-03-02', '2026-03-02', '2026-03-03T03:00:00+00:00');"
        "INSERT INTO touched_days VALUES ('2026-03-02', 'a refund', '2026-03-02T12:00:00+00:00');"
        "DROP TABLE finished_runs; DROP TABLE orders; DROP TABLE replans; DROP TABLE choice_sets;"
        "DROP TABLE sealed_entries;"
        "CREATE TABLE sealed_entries (seal INTEGER, entry_id TEXT, day TEXT, lines TEXT);"
        "INSERT INTO sealed_entries VALUES (1, 'txn_1', '2026-03-02', '[]');"
        "PRAGMA user_version = 1"
    )
    raw.close()
    with Journal(path) as journal:
        journal.keep_choices({"digest": "{}"})
        journal.replan(FIRST, "digest", "another account", "Eva")
        journal.order("voucher:x", "undo", "another customer", "Eva")
        journal.forget("cus_1", "contact", "asked for it", "Eva")
        assert journal.touched() == []
        assert [row["choices"] for row in journal.rows("SELECT choices FROM sealed_entries")] == [None]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            journal.rows("DELETE FROM replans")
