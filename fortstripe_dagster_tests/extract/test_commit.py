"""Upserts, the history of versions, and objects that lack what the books need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.extract.commit import SQL, Committed, commit, create_tables
from fortstripe_dagster.extract.spool import Spool
from fortstripe_dagster.extract.streams import LISTED, STREAMS
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.settings import STRIPE_API_VERSION
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.extract.conftest import list_of
from fortstripe_dagster_tests.test_engine import IN_FORCE

EARLY = datetime(2026, 3, 1, tzinfo=UTC)
LATE = EARLY + timedelta(hours=1)


def refund(id: str = "re_1", **changes: Any) -> dict[str, Any]:
    return {
        "id": id, "object": "refund", "created": 1772366400, "amount": 5000, "currency": "sek", "charge": "ch_1",
        "status": "pending", "payment_intent": None, "balance_transaction": None, "reason": None, **changes,
    }  # fmt: skip


class Store:
    """A warehouse into which single answers are committed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.warehouse = Warehouse(home / "warehouse.duckdb")

    def take(self, stream: str, answer: dict[str, Any], asked_at: datetime = EARLY) -> Committed:
        with Spool(self.home) as spool:
            spool.add(stream, json.dumps(answer).encode(), asked_at, single=answer["object"] != "list")
            with self.warehouse.transaction() as connection:
                return commit(connection, spool.pages)[stream]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.warehouse.writer() as connection:
            create_tables(connection)
            return connection.execute(sql).fetchall()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield Store(tmp_path)


def test_an_object_is_stored_raw_and_typed(store: Store) -> None:
    assert store.take("refunds", list_of(refund(), refund("re_2"))) == Committed(rows=2, changed=2)
    assert store.rows("SELECT id, currency, amount, day::VARCHAR FROM stripe.refunds ORDER BY id") == [
        ("re_1", "SEK", 5000, "2026-03-01"),
        ("re_2", "SEK", 5000, "2026-03-01"),
    ]
    ((raw, version),) = store.rows("SELECT raw, api_version FROM stripe.raw_objects WHERE id = 're_1'")
    assert json.loads(raw) == refund() and version == STRIPE_API_VERSION


@pytest.mark.parametrize("objects", [[], [refund()]])
def test_what_comes_after_a_commit_has_all_memory_again(store: Store, objects: list[dict[str, Any]]) -> None:
    with Spool(store.home) as spool:
        spool.add("refunds", json.dumps(list_of(*objects)).encode(), EARLY, single=False)
        with store.warehouse.transaction() as connection:
            before = connection.execute(IN_FORCE).fetchone()
            commit(connection, spool.pages)
            assert connection.execute(IN_FORCE).fetchone() == before


def test_the_same_content_again_is_no_change(store: Store) -> None:
    store.take("refunds", list_of(refund()))
    assert store.take("refunds", refund(), LATE) == Committed(rows=1, changed=0)
    seen = "SELECT first_seen = fetched_at, epoch(fetched_at) FROM stripe.raw_objects"
    assert store.rows(seen) == [(False, LATE.timestamp())]
    assert store.rows("SELECT * FROM stripe.raw_versions") == []


def test_a_changed_object_replaces_its_row_and_keeps_the_old_version(store: Store) -> None:
    store.take("refunds", list_of(refund(), refund("re_2")))
    store.take("refunds", list_of(refund(status="succeeded"), refund("re_2")), LATE)
    store.take("refunds", refund(status="failed"), LATE + timedelta(hours=1))
    assert store.rows("SELECT id, status FROM stripe.refunds ORDER BY id") == [("re_1", "failed"), ("re_2", "pending")]
    assert store.rows(
        "SELECT id, raw ->> '$.status', epoch(last_seen) FROM stripe.raw_versions ORDER BY last_seen"
    ) == [("re_1", "pending", EARLY.timestamp()), ("re_1", "succeeded", LATE.timestamp())]
    assert store.rows("SELECT count(*), count(DISTINCT id) FROM stripe.raw_objects") == [(2, 2)]


def test_an_answer_that_was_asked_for_earlier_never_wins(store: Store) -> None:
    store.take("refunds", refund(status="succeeded"), LATE)
    assert store.take("refunds", refund(status="pending"), EARLY).changed == 0
    assert store.rows("SELECT status FROM stripe.refunds") == [("succeeded",)]


def test_an_object_twice_in_one_commit_is_stored_once_in_its_newest_state(store: Store) -> None:
    with Spool(store.home) as spool:
        spool.add("refunds", json.dumps(refund(status="succeeded")).encode(), LATE, single=True)
        spool.add("refunds", json.dumps(list_of(refund())).encode(), EARLY)
        with store.warehouse.transaction() as connection:
            commit(connection, spool.pages)
    assert store.rows("SELECT status FROM stripe.refunds") == [("succeeded",)]


def test_objects_of_any_length_find_room(store: Store) -> None:
    long = [refund(f"re_{n}", metadata={"note": "å" * 30_000}) for n in range(100)]
    assert store.take("refunds", list_of(*long)) == Committed(rows=100, changed=100)
    assert store.take("refunds", list_of(*[{**one, "amount": 4000} for one in long]), LATE).changed == 100


def test_a_deleted_object_keeps_what_it_was(store: Store) -> None:
    anna = {"id": "cus_1", "object": "customer", "created": 1772366400, "name": "Anna", "email": None, "address": None}
    store.take("customers", anna)
    store.take("customers", {"id": "cus_1", "object": "customer", "deleted": True}, LATE)
    assert store.rows("SELECT id, name, deleted FROM stripe.customers") == [("cus_1", "Anna", True)]
    store.take("customers", {"id": "cus_2", "object": "customer", "deleted": True}, LATE)
    assert store.rows("SELECT name, created, deleted FROM stripe.customers WHERE id = 'cus_2'") == [(None, None, True)]


@pytest.mark.parametrize("field", STREAMS["refunds"].needs)
def test_an_object_without_a_field_that_is_needed_is_refused_by_name(store: Store, field: str) -> None:
    store.take("refunds", refund("re_0"))
    lacking = {key: value for key, value in refund().items() if key != field}
    with pytest.raises(StripeFailure, match=f"refund re_1 came without {field}; nothing of refunds was committed"):
        store.take("refunds", list_of(refund("re_9"), lacking))
    assert store.rows("SELECT id FROM stripe.raw_objects") == [("re_0",)]
    assert store.rows("SELECT id FROM stripe.refunds") == [("re_0",)]


@pytest.mark.parametrize("field", ["net", "reporting_category", "source", "balance_type"])
def test_a_balance_transaction_that_lost_a_field_is_refused_by_name(store: Store, field: str) -> None:
    transaction = {
        "id": "txn_1", "object": "balance_transaction", "created": 1772366400, "amount": 5, "fee": 1, "net": 4,
        "currency": "sek", "type": "charge", "reporting_category": "charge", "source": "ch_1",
        "balance_type": "payments", "fee_details": [], "status": "pending", "available_on": 1772366400,
        "description": None, "exchange_rate": None,
    }  # fmt: skip
    assert store.take("balance_transactions", transaction).changed == 1
    del transaction[field]
    with pytest.raises(StripeFailure, match=f"balance_transaction txn_1 came without {field};"):
        store.take("balance_transactions", list_of(transaction), LATE)


def test_null_where_the_books_need_a_value_is_refused_by_name(store: Store) -> None:
    with pytest.raises(StripeFailure, match=r"refunds cannot fill stripe.refunds: a refund without amount"):
        store.take("refunds", refund(amount=None))
    assert store.rows("SELECT * FROM stripe.raw_objects") == []


@pytest.mark.parametrize("amount", ["a lot", {"value": 5}])
def test_an_amount_that_is_no_number_is_refused(store: Store, amount: object) -> None:
    with pytest.raises(StripeFailure, match="refunds cannot fill stripe.refunds: .*"):
        store.take("refunds", refund(amount=amount))


def test_every_table_is_there_before_anything_was_read(store: Store) -> None:
    there = {
        name for (name,) in store.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'stripe'")
    }
    assert set(SQL) | {"raw_versions", "coverage", "shapes"} == there
    assert {table for stream in STREAMS.values() for table in stream.tables} <= there
    assert {"balance_transactions", "events", "invoice_payments"} < set(LISTED) and "topups" not in LISTED


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2025-12-31T22:59:59+00:00", "2025-12-31"),
        ("2025-12-31T23:30:00+00:00", "2026-01-01"),
        ("2026-03-28T22:59:59+00:00", "2026-03-28"),
        ("2026-03-29T21:59:59+00:00", "2026-03-29"),
        ("2026-03-29T22:00:00+00:00", "2026-03-30"),
        ("2026-10-24T22:00:00+00:00", "2026-10-25"),
        ("2026-10-25T22:59:59+00:00", "2026-10-25"),
        ("2026-10-25T23:00:00+00:00", "2026-10-26"),
    ],
)
def test_a_day_is_a_day_in_stockholm(store: Store, moment: str, day: str) -> None:
    store.take("refunds", refund(created=int(datetime.fromisoformat(moment).timestamp())))
    assert store.rows("SELECT day::VARCHAR FROM stripe.refunds") == [(day,)]


def test_a_payout_arrives_on_the_utc_date_that_stripe_says(store: Store) -> None:
    payout = {
        "id": "po_1", "object": "payout", "created": 1772366400, "amount": 100, "currency": "sek", "status": "paid",
        "arrival_date": int(datetime(2026, 3, 4, tzinfo=UTC).timestamp()), "automatic": True, "method": "standard",
        "balance_transaction": "txn_1", "reconciliation_status": "completed",
    }  # fmt: skip
    store.take("payouts", payout)
    assert store.rows("SELECT arrival_date::VARCHAR FROM stripe.payouts") == [("2026-03-04",)]


def test_rates_and_percentages_are_exact(store: Store) -> None:
    body = json.dumps(
        {
            "id": "txr_1", "object": "tax_rate", "created": 1772366400, "percentage": 0, "inclusive": False,
            "active": True,
        }
    ).replace('"percentage": 0', '"percentage": 25.0825')  # fmt: skip
    with Spool(store.home) as spool:
        spool.add("tax_rates", body.encode(), EARLY, single=True)
        with store.warehouse.transaction() as connection:
            commit(connection, spool.pages)
    assert store.rows("SELECT percentage::VARCHAR FROM stripe.tax_rates") == [("25.0825",)]
