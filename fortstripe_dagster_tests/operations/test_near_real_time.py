"""Between the nights: one request tells that nothing happened, a late change runs its closed day, and no other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.delivery import Journal
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.extract.budget import Budget
from fortstripe_dagster.extract.polling import pause
from fortstripe_dagster.operations.following import follow, poll
from fortstripe_dagster.operations.near_real_time import late_runs, look, missed_runs, unfinished
from fortstripe_dagster.proof.proven import proven_days
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, new_world
from fortstripe_dagster_tests.operations.environment import configure

SYNCED = Days(date(2026, 3, 2), date(2026, 3, 4))
LATER = timedelta(minutes=11)
FOLLOW = "follow_changes"


def shop() -> World:
    world = new_world()
    world.one_off_payment(at=at(3), amount=12500, name="Anna")
    world.one_off_payment(at=at(4), amount=25000, name="Bo")
    return world


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Running:
    """Three days of a small shop, taken the whole way."""
    with running(shop(), tmp_path_factory.mktemp("synced")) as served:
        served.sync(SYNCED)
        return served


@pytest.fixture(scope="module")
def company(synced: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """That shop, to which the tests of this module do something one after the other."""
    with synced.once_more(tmp_path_factory.mktemp("events")) as served:
        yield served


@contextmanager
def requests_spent(company: Running) -> Iterator[list[tuple[str, int]]]:
    """The requests to Stripe that the block sends, by endpoint."""
    question = "SELECT endpoint, sum(count)::INTEGER FROM stripe.requests GROUP BY 1"
    with company.warehouse() as connection:
        before = dict(connection.execute(question).fetchall())
    spent: list[tuple[str, int]] = []
    yield spent
    with company.warehouse() as connection:
        after = dict(connection.execute(question).fetchall())
    spent += [(name, count - before.get(name, 0)) for name, count in after.items() if count != before.get(name, 0)]


def warehouse(company: Running) -> Warehouse:
    return Warehouse(company.settings.warehouse_path)


def move(company: Running, day: int, amount: int) -> None:
    """Something that happens today to a sale of a closed day in March: its buyer is named anew."""
    sold = next(c for c in company.world.all("charge") if datetime.fromtimestamp(c["created"], UTC).day == day)
    sold["billing_details"] = sold["billing_details"] | {"name": f"Någon Annan {amount}"}
    company.world.emit("charge.updated", sold, datetime.now(UTC))


def test_stripe_is_asked_only_when_it_is_time_and_once_if_nothing_happened(company: Running) -> None:
    now = datetime.now(UTC)
    with requests_spent(company) as spent:
        assert isinstance(look(company.settings, warehouse(company), FOLLOW, now), dg.SkipReason)
    assert spent == []
    with requests_spent(company) as spent:
        quiet = look(company.settings, warehouse(company), FOLLOW, now + LATER)
    assert isinstance(quiet, dg.SkipReason) and "Nothing has happened" in str(quiet.skip_message)
    assert spent == [("GET /v1/events", 1)]
    assert not poll(company.settings, warehouse(company), datetime.now(UTC)).due


def test_a_change_to_a_closed_day_runs_that_day_and_nothing_else(company: Running) -> None:
    move(company, 3, 1)
    settings = company.settings
    asked = look(settings, warehouse(company), FOLLOW, datetime.now(UTC) + LATER)
    again = look(settings, warehouse(company), FOLLOW, datetime.now(UTC) + LATER)
    assert isinstance(asked, dg.RunRequest) and isinstance(again, dg.RunRequest)
    assert asked.job_name == FOLLOW and asked.run_key == again.run_key
    assert list(late_runs(settings, warehouse(company), "daily_sync")) == []

    followed = follow(settings, warehouse(company), company.said.append)
    assert list(followed.changed) == ["charges"] and followed.delivered is None
    assert list(followed.late) == [date(2026, 3, 3)] == late_changes.waiting(settings.journal_path)
    (run,) = late_runs(settings, warehouse(company), "daily_sync")
    assert run.tags["dagster/asset_partition_range_start"] == "2026-03-03"
    assert run.tags["dagster/asset_partition_range_end"] == "2026-03-03"
    (same,) = late_runs(settings, warehouse(company), "daily_sync")
    assert same.run_key == run.run_key

    company.sync(Days(date(2026, 3, 3), date(2026, 3, 3)))
    assert list(late_runs(settings, warehouse(company), "daily_sync")) == []
    assert isinstance(look(settings, warehouse(company), FOLLOW, datetime.now(UTC) + LATER), dg.SkipReason)
    move(company, 3, 2)
    follow(settings, warehouse(company), company.said.append)
    (next_change,) = late_runs(settings, warehouse(company), "daily_sync")
    assert next_change.run_key != run.run_key
    with Journal(settings.journal_path) as journal:
        journal.touch([date(2026, 3, 10)], "a day that no run has taken the whole way yet")
    assert [each.run_key for each in late_runs(settings, warehouse(company), "daily_sync")] == [next_change.run_key]


def test_the_sensor_in_dagster_asks_for_the_job_that_reads_the_news(
    company: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(company.settings, tmp_path, monkeypatch)
    defs = build_definitions(company.settings)
    move(company, 4, 3)
    monkeypatch.setenv("FORTSTRIPE_POLL_MINUTES", "1")
    with company.warehouse() as connection:
        connection.execute("UPDATE stripe.requests SET spent_at = spent_at - INTERVAL 2 MINUTE")
    with dg.instance_for_test() as instance:
        with dg.build_sensor_context(
            instance=instance, resources={"company": Company()}, repository_def=defs.get_repository_def()
        ) as context:
            tick = defs.resolve_sensor_def("stripe_events").evaluate_tick(context)
        assert tick.run_requests is not None
        assert [run.job_name for run in tick.run_requests][-1] == "follow_changes"
        run = defs.resolve_job_def("follow_changes").execute_in_process(instance=instance)
        assert run.success
        stale = instance.fetch_materializations(dg.AssetKey(["ledger", "lines"]), limit=5).records
    assert [record.partition_key for record in stale] == ["2026-03-04"]
    assert date(2026, 3, 4) in late_changes.waiting(company.settings.journal_path)


@pytest.mark.parametrize(
    ("night", "asked"),
    [
        ("2026-03-06", [("2026-03-05", None)]),
        ("2026-03-09", [("2026-03-05", "2026-03-08")]),
        ("2026-05-01", [("2026-04-30", None)]),
    ],
    ids=["last night ran", "three nights were missed", "a long stop"],
)
def test_days_that_were_missed_are_made_up_for_in_one_run(
    company: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, night: str, asked: list[tuple[str, str | None]]
) -> None:
    configure(company.settings, tmp_path, monkeypatch)
    defs = build_definitions(company.settings)
    monkeypatch.setattr(late_changes, "waiting", lambda path: [])
    with dg.build_schedule_context(
        scheduled_execution_time=datetime.fromisoformat(f"{night}T02:15:00+00:00"),
        resources={"company": Company()},
        repository_def=defs.get_repository_def(),
    ) as context:
        tick = defs.resolve_schedule_def("nightly").evaluate_tick(context)
    first, last = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    assert tick.run_requests is not None
    assert [(run.partition_key or run.tags[first], run.tags.get(last)) for run in tick.run_requests] == asked


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        ("2026-03-05T05:30", []),
        ("2026-03-06T04:59", []),
        ("2026-03-06T05:01", [("2026-03-05 again 2", "2026-03-05", "2026-03-05")]),
        ("2026-03-07T12:00", [("2026-03-06 again 4", "2026-03-05", "2026-03-06")]),
        ("2026-05-01T12:00", []),
    ],
    ids=["it went well", "it is night still", "it failed", "two failed", "a long stop"],
)
def test_a_night_that_failed_is_tried_again_by_day(company: Running, now: str, asked: list[tuple[str, ...]]) -> None:
    moment = datetime.fromisoformat(f"{now}:00+00:00")
    runs = missed_runs(company.settings, warehouse(company), "daily_sync", date(2026, 3, 1), moment)
    first, last = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    assert [(run.run_key, run.tags[first], run.tags[last]) for run in runs] == asked


def test_a_run_that_waits_or_works_is_unfinished() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS):
            instance.add_run(dg.DagsterRun(job_name="daily_sync", run_id=str(uuid.uuid4()), status=status))
        assert not unfinished(instance, "daily_sync")
        instance.add_run(
            dg.DagsterRun(job_name="daily_sync", run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED)
        )
        assert unfinished(instance, "daily_sync") and not unfinished(instance, "other_daily_sync")


def test_realtime_sends_the_invoices_of_the_open_day_and_no_voucher(synced: Running, tmp_path: Path) -> None:
    with synced.once_more(tmp_path, realtime=True) as company:
        world = company.world
        before = len(list(company.books.vouchers(series="S")))
        world.one_off_payment(at=datetime.now(UTC), amount=5000, name="Cia")
        followed = follow(company.settings, warehouse(company), company.said.append)
        assert followed.delivered is not None
        assert followed.delivered.written == {"invoice.create": 1, "invoice.bookkeep": 1}
        assert followed.late == {} and len(list(company.books.vouchers(series="S"))) == before
        world.one_off_payment(at=datetime.now(UTC), amount=7000, name="Disa")
        assert follow(company.settings, warehouse(company), company.said.append).late == {}, "the day is still open"
        assert late_changes.waiting(company.settings.journal_path) == []
        # The day itself, once it is over or a person asks for it, adds what was left.
        night = company.sync(Days(today(), today()))
        assert "invoice.create" not in night.delivered.written and night.delivered.written["voucher.create"] > 0
        with company.warehouse() as connection:
            assert proven_days(connection, SYNCED.last, today()) == [SYNCED.last], "today is not over"


@pytest.mark.parametrize(
    ("spent", "minutes"), [(0, 10), (7_999, 10), (8_000, 60), (9_499, 60), (9_500, None), (20_000, None)]
)
def test_polling_gives_way_before_the_allotment_is_spent(spent: int, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert pause(timedelta(minutes=10), Budget(spent, 10_000)) == expected
