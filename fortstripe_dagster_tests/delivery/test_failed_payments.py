"""Failed payments among a customer's comments: each once, people's notes untouched, only on wish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster_tests.delivery.house import House, house

FAILURES = """
CREATE TABLE stripe.payment_failures AS SELECT * FROM (VALUES
    ('ch_f1', TIMESTAMPTZ '2026-03-02 10:00:00+00', DATE '2026-03-02', 12500, 'sek', 'cus_1', 'card_declined',
     'Your card was declined.'),
    ('ch_f2', TIMESTAMPTZ '2026-03-02 10:00:00+00', DATE '2026-03-02', 900, 'sek', 'cus_unknown', 'x', NULL)
) AS t (id, created, day, amount, currency, customer, failure_code, failure_message)
"""
NOTE = "Stripe: 2026-03-02 11:00 betalning 125,00 SEK misslyckades (Your card was declined.), ch_f1"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, failed_payment_comments="customer") as home:
        with home.warehouse.writer() as connection:
            connection.execute(FAILURES)
        home.sale("ch_1", 12500)
        home.deliver(failed_payment_comments="off")
        yield home


def comments(home: House) -> str:
    return str(home.books.customers.get("cus_1")["Comments"] or "")


def test_a_failed_payment_is_noted_once_after_what_people_wrote(shop: House) -> None:
    assert comments(shop) == ""
    shop.books.customers.update("cus_1", {"Comments": "Ring före leverans."})
    report = shop.deliver()
    assert report.exit_code == 0 and report.written == {"comment.update": 1}
    assert comments(shop).splitlines() == ["Ring före leverans.", NOTE]
    shop.books.customers.update("cus_1", {"Comments": "Betalt kontant."})
    assert shop.deliver().nothing_to_do and comments(shop) == "Betalt kontant."


def test_a_lost_answer_notes_nothing_twice(shop: House) -> None:
    lost = iter([True])

    def first(call: Call) -> bool:
        return call.method == "PUT" and "customers" in call.path and next(lost, False)

    shop.gateway.faults.lose_answer = first
    assert shop.deliver().exit_code == 0
    assert comments(shop) == NOTE


def test_our_oldest_lines_give_way_and_peoples_notes_never(shop: House) -> None:
    old = "Stripe: 2025-01-01 10:00 betalning 1,00 SEK misslyckades, ch_old"
    shop.books.customers.update("cus_1", {"Comments": "n" * 900 + "\n" + old})
    assert shop.deliver().exit_code == 0
    assert comments(shop).splitlines() == ["n" * 900, NOTE]


def test_notes_that_leave_no_room_hold_the_comment_alone(shop: House) -> None:
    shop.books.customers.update("cus_1", {"Comments": "n" * 1000})
    report = shop.deliver()
    assert report.exit_code == HELD and [item.kind for item in report.held] == ["comment"]
    assert comments(shop) == "n" * 1000


def test_nothing_is_noted_without_approval(shop: House) -> None:
    report = shop.deliver(approval="manual")
    assert [item.document_id for item in report.awaiting] == ["comment:ch_f1"] and comments(shop) == ""
