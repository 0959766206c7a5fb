"""The ledger of a past moment stands beside today's, as it was, and changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster import alerts
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.extract.replay import replay
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import as_of, build, choices_of, differences, rule_files
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import at, book, new_world, served_settings

ACCOUNTS = "SELECT account, sum(debit - credit)::VARCHAR FROM {}.lines GROUP BY 1 ORDER BY 1"


def test_the_ledger_of_then_and_of_now(tmp_path: Path) -> None:
    world = new_world()
    sold = world.one_off_payment(at=at(3), amount=12500, name="Anna")
    with ExitStack() as running:
        settings = served_settings(world, tmp_path, running.enter_context)
        warehouse = Warehouse(settings.warehouse_path)

        def accounts(schema: str) -> list[tuple[str, str]]:
            with warehouse.writer() as connection:
                return connection.execute(ACCOUNTS.format(schema)).fetchall()

        def sync(days: Days) -> None:
            extract(settings, warehouse, days, progress=lambda line: None)
            build(settings, warehouse, days=days)

        sync(Days(MARCH.first, at(10).date()))
        then, before = datetime.now(UTC), accounts("ledger")
        world.refund(sold, at=at(12), amount=12500)
        moved = settings.accounts.model_copy(update={"processing_fee": "6579"})
        settings = settings.model_copy(update={"accounts": moved})
        sync(MARCH)
        now = accounts("ledger")

        past = as_of(warehouse, then, replay)
        assert accounts("ledger_past") == before != now
        assert "refund" not in past.entries
        as_of(warehouse, then, replay, choices=choices_of(settings).digest, schema="ledger_then_under_now")
        assert dict(accounts("ledger_then_under_now"))["6579"] == dict(before)["6570"]
        assert accounts("ledger") == now
        with pytest.raises(ConfigurationError, match="no choice set"):
            as_of(warehouse, then, replay, choices="unheard of")


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A sale and its fee, booked."""
    world = new_world()
    world.one_off_payment(at=at(3), amount=12500, name="Anna")
    return book(world, tmp_path_factory.mktemp("sold")).settings


@pytest.fixture
def sold(booked: Settings, tmp_path: Path) -> tuple[Settings, Warehouse]:
    """A copy of it to change."""
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    Warehouse(booked.warehouse_path).copy(warehouse.path)
    return booked, warehouse


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], None]]:
    """Change a file of the rules, as the next version of the package does."""
    folder = tmp_path / "sql"

    def change(file: str, before: str, after: str) -> None:
        if not folder.exists():
            shutil.copytree(str(rule_files.SQL), folder)
        path = folder / f"{file}.sql"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        monkeypatch.setattr(rule_files, "SQL", folder)
        monkeypatch.setattr(rule_files, "RULE_VERSION", "2099-01")
        monkeypatch.setattr(choices_of, "__defaults__", ("2099-01",))
        rule_files.current_rules.cache_clear()

    yield change
    monkeypatch.undo()
    rule_files.current_rules.cache_clear()


def accounts_of(warehouse: Warehouse, schema: str) -> dict[str, str]:
    with warehouse.writer() as connection:
        return dict(connection.execute(ACCOUNTS.format(schema)).fetchall())


def test_rules_of_the_past_run_again_to_the_ore(
    sold: tuple[Settings, Warehouse], next_version: Callable[[str, str, str], None]
) -> None:
    settings, warehouse = sold
    then, before = datetime.now(UTC), accounts_of(warehouse, "ledger")
    next_version("sale_rows", "v.gross_ore - v.vat_ore AS net_ore", "v.gross_ore - v.vat_ore - 7 AS net_ore")
    next_version("postings_sales", "-sum(r.vat_ore)", "-sum(r.vat_ore + 7)")
    build(settings, warehouse)
    now = accounts_of(warehouse, "ledger")
    assert now == before | {"3001": "-99.93", "2611": "-25.07"}

    as_of(warehouse, then, replay)
    assert accounts_of(warehouse, "ledger_past") == before
    assert differences(warehouse) == [
        ("2611", Decimal("-25.00"), Decimal("-25.07")),
        ("3001", Decimal("-100.00"), Decimal("-99.93")),
    ]
    as_of(warehouse, then, replay, rules="2099-01")
    assert accounts_of(warehouse, "ledger_past") == now
    with warehouse.writer() as connection:
        rules = rule_files.current_rules()
        kept = connection.execute("SELECT count(*), count(DISTINCT hash) FROM ledger.rule_texts").fetchone()
        sets = connection.execute("SELECT rule_version FROM ledger.rule_sets ORDER BY first_used").fetchall()
    assert kept == (len({*rules.sql.values(), *rules.data.values()}) + 2,) * 2, "two files changed, two texts more"
    assert sets == [("2026-11",), ("2099-01",)]
    with pytest.raises(ConfigurationError, match="does not keep the rules 1999-01"):
        as_of(warehouse, then, replay, rules="1999-01")


def test_what_older_rules_sealed_stays_as_they_made_it(
    sold: tuple[Settings, Warehouse], next_version: Callable[[str, str, str], None]
) -> None:
    settings, warehouse = sold
    before = accounts_of(warehouse, "ledger")
    with warehouse.writer() as connection:
        sealed = dict(connection.execute("SELECT entry_id, event_day FROM ledger.entries").fetchall())
    under = choices_of(settings).text
    next_version("postings_sales", "account('receivable')", "'1519'")
    build(settings, warehouse, sealed=[(under, sealed)])
    assert accounts_of(warehouse, "ledger") == before
    build(settings, warehouse)
    assert "1519" in accounts_of(warehouse, "ledger")


def test_rules_that_a_new_warehouse_never_had_are_said_to_be_lost(
    sold: tuple[Settings, Warehouse], next_version: Callable[[str, str, str], None]
) -> None:
    settings, warehouse = sold
    with warehouse.writer() as connection:
        sealed = dict(connection.execute("SELECT entry_id, event_day FROM ledger.entries").fetchall())
        connection.execute("DROP TABLE ledger.rule_sets; DROP TABLE ledger.rule_texts")
    under = choices_of(settings).text
    next_version("postings_sales", "account('receivable')", "'1519'")
    report = build(settings, warehouse, sealed=[(under, sealed)])
    (lost,) = [remark for remark in report.alerts if "rules 2026-11" in remark.text]
    assert (lost.entry_id, lost.day) == min(sealed.items(), key=lambda entry: (entry[1], entry[0]))
    assert f"{len(sealed)} delivered entries" in lost.text and "plan --replan-from 2026-03-03" in lost.text
    now = datetime(2026, 11, 1, tzinfo=UTC)
    (alert,) = [alert for alert in alerts.find(settings, warehouse, now) if alert.subject == "lost_rules:2026-11"]
    assert alert.urgent and alert.lasts, "half a year later, too"
    with pytest.raises(ConfigurationError, match="does not keep the rules 2026-11"):
        as_of(warehouse, now, replay, rules="2026-11")
    assert not [remark for remark in build(settings, warehouse).alerts if "rules 2026-11" in remark.text]


def test_rules_that_no_longer_fit_name_the_package_to_install(
    sold: tuple[Settings, Warehouse], next_version: Callable[[str, str, str], None]
) -> None:
    settings, warehouse = sold
    then, under = datetime.now(UTC), choices_of(settings).text
    next_version("postings_sales", "account('receivable')", "'1519'")
    with warehouse.writer() as connection:
        connection.execute("UPDATE ledger.rule_texts SET text = replace(text, 's.gross_ore, s.gross', 's.of_old')")
    with pytest.raises(ConfigurationError, match=r"rules 2026-11 .*of_old.* Remedy: install fortstripe_dagster \d"):
        as_of(warehouse, then, replay)
    with pytest.raises(ConfigurationError, match="made 1 delivered entries; `fortstripe plan --replan-from`"):
        build(settings, warehouse, sealed=[(under, {"ch_1:sale": MARCH.first})])
