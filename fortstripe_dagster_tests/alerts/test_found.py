"""What is an alert, from the tables of a company that was really synced, and from rows that a sync seldom leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from fortstripe_dagster.alerts import Alert, find
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.alerts import Alerts
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, new_world

FIFTH = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Three days: a sale, a dispute, failed payments; a person has to approve what is written."""
    world = new_world()
    world.one_off_payment(at=at(3), amount=12500, name="Anna")
    world.dispute_opened(world.one_off_payment(at=at(3), amount=50000, name="Bo"), at=at(4))
    for amount in (9900, 4900):
        world.failed_payment(at=at(4), amount=amount, name="Cia")
    world.failed_payment(at=at(4), amount=1500, name="Cia", currency="jpy", code="expired_card")
    with running(world, tmp_path_factory.mktemp("alerts"), approval="manual") as served:
        served.sync(Days(date(2026, 3, 2), date(2026, 3, 4)))
        yield served


def found(company: Running, now: datetime = FIFTH, **chosen: object) -> dict[str, Alert]:
    settings: Settings = company.settings.model_copy(update={"alerts": Alerts.model_validate(chosen)})
    alerts = find(settings, Warehouse(settings.warehouse_path), now)
    assert len({alert.key for alert in alerts}) == len(alerts)
    assert all(alert.text.endswith((".", "!")) and alert.remedy for alert in alerts)
    return {alert.key: alert for alert in alerts}


def of_kind(alerts: dict[str, Alert], kind: str) -> list[Alert]:
    return [alert for alert in alerts.values() if alert.kind == kind]


def test_a_dispute_tells_amount_reason_and_deadline_and_grows_urgent(company: Running) -> None:
    (dispute,) = company.world.all("dispute")
    due = datetime.fromtimestamp(dispute["evidence_details"]["due_by"], UTC)
    (early,) = of_kind(found(company), "dispute")
    assert early.subject == dispute["id"] and "500.00 SEK" in early.text and dispute["reason"] in early.text
    assert not early.urgent
    (late,) = of_kind(found(company, due - timedelta(days=2)), "dispute")
    assert late.urgent and late.fingerprint != early.fingerprint


def test_failed_payments_are_told_by_day_and_currency_for_a_few_days(company: Running) -> None:
    (failed,) = of_kind(found(company), "payment_failure")
    assert failed.text == ("3 payments of 2026-03-04 failed: 1500 JPY, 148.00 SEK. Most often: card_declined 3.")
    assert not failed.lasts
    assert of_kind(found(company, FIFTH - timedelta(hours=6)), "payment_failure") == [], "the day is not over"
    assert of_kind(found(company, FIFTH + timedelta(days=3)), "payment_failure") == []
    assert of_kind(found(company, FIFTH + timedelta(days=3), failed_payment_days=9), "payment_failure") == [failed]
    assert of_kind(found(company, leave_out=["payment_failure"]), "payment_failure") == []


def test_documents_that_wait_are_one_alert_for_each_sort(company: Running) -> None:
    waiting = of_kind(found(company), "document")
    assert {alert.subject.split(":")[0] for alert in waiting} == {"awaiting approval"}
    assert sum(int(alert.text.split()[0]) for alert in waiting) == len(awaiting(company))
    assert all("fortstripe approve" in alert.remedy for alert in waiting)
    with company.warehouse() as connection:
        connection.execute(
            "UPDATE delivery.documents SET status = 'held', reason = document_id || ' waits.', remedy = 'unlock it.'"
            " WHERE kind = 'invoice'"
        )
        invoices = connection.execute("SELECT count(*) FROM delivery.documents WHERE status = 'held'").fetchall()[0][0]
    (held,) = [alert for alert in of_kind(found(company), "document") if alert.subject.startswith("held")]
    assert held.urgent and held.remedy == "unlock it." and held.text.startswith(f"{invoices} invoices held")


def awaiting(company: Running) -> list[tuple[object, ...]]:
    with company.warehouse() as connection:
        return connection.execute("FROM delivery.documents WHERE status = 'awaiting approval'").fetchall()


@pytest.mark.parametrize(("day", "told"), [("2026-04-06", False), ("2026-04-07", True), ("2026-04-13", False)])
def test_a_month_that_is_closed_soon_with_documents_missing(company: Running, day: str, told: bool) -> None:
    closing = of_kind(found(company, datetime.fromisoformat(f"{day}T10:00:00+00:00")), "closing")
    assert [alert.subject for alert in closing] == ["2026-03"] * told
    assert all("closed on about 2026-04-12" in alert.text for alert in closing)


def test_nothing_for_more_than_a_day_is_an_alert(company: Running) -> None:
    with company.warehouse() as connection:
        last = connection.execute("SELECT max(started_at) FROM delivery.runs").fetchall()[0][0]
    assert of_kind(found(company, last + timedelta(hours=29)), "silence") == []
    with company.warehouse() as connection:  # a single document that a person had undone is no night's run
        connection.execute(
            "INSERT INTO delivery.runs SELECT 'undo', first_day, last_day, started_at + INTERVAL 25 HOUR, NULL"
            " FROM delivery.runs WHERE started_at = ?",
            [last],
        )
    (silence,) = of_kind(found(company, last + timedelta(hours=30)), "silence")
    assert "30 hours" in silence.text and silence.urgent


def test_what_the_proof_alarms_on_is_named_once_and_a_nameless_difference_too(company: Running) -> None:
    with company.warehouse() as connection:
        connection.begin()
        for day in (3, 4):
            connection.execute(
                "INSERT INTO proof.items VALUES (?, '2', 'payments', 'SEK', '1686', 'manual_voucher', 'A 7', 5, 5,"
                " 'alarm', 'Voucher A 7 posts to 1686.', 'move it.', '2026-03-03', NULL)",
                [date(2026, 3, day)],
            )
            for equation, account in (("2", "1686"), ("2", "1687"), ("5", "1510")):
                connection.execute(
                    "INSERT INTO proof.tie_out VALUES (?, ?, 'payments', 'SEK', ?, 5, 0, 5, 0, 'alarm')",
                    [date(2026, 3, day), equation, account],
                )
        connection.commit()
    named, nameless, other = sorted(of_kind(found(company), "proof"), key=lambda alert: alert.subject, reverse=True)
    assert named.subject == "manual_voucher:A 7"
    assert named.text == "Since 2026-03-03: Voucher A 7 posts to 1686." and named.remedy == "move it."
    assert other.subject == "equation 2:payments:SEK:1687", "what has a name on one account has none on another"
    assert nameless.subject == "equation 5:payments:SEK:1510" and "off by 5.000 SEK" in nameless.text


def test_watchdogs_unknown_types_and_a_month_of_reading_that_is_nearly_spent(company: Running) -> None:
    assert not of_kind(found(company), "watchdog") and not of_kind(found(company), "unknown")
    with company.warehouse() as connection:
        for day, percent in ((date(2026, 3, 3), 80), (date(2026, 3, 4), 100)):
            connection.execute(
                "INSERT INTO ledger.watchdogs BY NAME SELECT ? AS day, 'oss_threshold' AS kind, '2026' AS subject,"
                " ? AS text, 'register' AS remedy, 'ch_1:sale' AS entry_id",
                [day, f"sales past {percent} %"],
            )
        connection.execute(
            "INSERT INTO ledger.watchdogs BY NAME SELECT DATE '2026-03-04' AS day, 'food_rate' AS kind, 's' AS subject,"
            " 'Stripe charged 12 %' AS text, 'correct it' AS remedy, 'ch_1:sale' AS entry_id"
        )
        connection.execute("UPDATE ledger.movements SET alert = 'unknown balance transaction type quantum_leap'")
        connection.execute("INSERT INTO stripe.requests VALUES ('r', ?, 'GET /v1/charges', 8000)", [FIFTH])
    alerts = found(company, FIFTH + timedelta(minutes=1))
    assert [(alert.subject, alert.text, alert.lasts) for alert in of_kind(alerts, "watchdog")] == [
        ("oss_threshold:2026", "Sales past 100 %.", True),
        ("food_rate:s", "Stripe charged 12 %.", False),
    ]
    assert {alert.urgent for alert in of_kind(alerts, "unknown")} == {True}
    assert [alert.subject for alert in of_kind(alerts, "budget")] == ["stripe"]
    year_later = found(company, FIFTH + timedelta(days=365))
    assert of_kind(year_later, "watchdog") == [] and of_kind(year_later, "budget") == []


def test_a_persons_login_that_is_not_renewed_is_an_alert_before_it_ends(company: Running, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    fortnox = company.settings.fortnox.model_copy(update={"auth": "refresh_token", "token_file": tokens})
    settings = company.settings.model_copy(update={"fortnox": fortnox})

    def consent(now: datetime) -> list[str]:
        return [x.text for x in find(settings, Warehouse(settings.warehouse_path), now) if x.kind == "consent"]

    assert consent(FIFTH) == ["There is no login to Fortnox: nothing can be delivered."]
    tokens.write_text("{}")
    os.utime(tokens, (FIFTH.timestamp(), FIFTH.timestamp()))
    assert consent(FIFTH + timedelta(days=20)) == []
    assert consent(FIFTH + timedelta(days=21)) == [
        "The login to Fortnox was not renewed for long and may end on 2026-04-05."
    ]
    assert of_kind(found(company, FIFTH + timedelta(days=90)), "consent") == []
