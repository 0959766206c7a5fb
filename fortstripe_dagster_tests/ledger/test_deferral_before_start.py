"""Income that earlier books had deferred: what is left opens here and is released from then on; worked by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.ledger.books import Book, at, served_settings
from fortstripe_dagster_tests.ledger.test_deferral import plan, ties

DAYS = Days(date(2026, 3, 5), date(2026, 4, 30))
"""The books begin inside a month: earlier books released up to the end of February."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, dict[str, str]]]:
    """Annual plans of 12 000 kronor since 12 November: whole, half taken back in January, and in April; and others."""
    world = World(seed=1, now=datetime(2025, 11, 1, tzinfo=UTC))
    names: dict[str, Any] = {
        name: plan(world, 1200000, date(2025, 11, 12), date(2026, 11, 12)) for name in ("whole", "halved", "later")
    }
    names["over"] = plan(world, 300000, date(2025, 11, 14), date(2026, 2, 14))
    names["voided"] = plan(world, 500000, date(2025, 11, 20), date(2026, 11, 20))
    world.credit_note(
        names["halved"], at=datetime(2026, 1, 20, 12, tzinfo=UTC), lines=[(line(names["halved"]), 600000)]
    )
    world.credit_note(
        names["voided"], at=datetime(2026, 1, 21, 12, tzinfo=UTC), lines=[(line(names["voided"]), 500000)]
    )
    names["ahead"] = plan(world, 310000, date(2026, 4, 1), date(2026, 5, 2), issued=at(2))
    names["own"] = plan(world, 1200000, date(2026, 3, 12), date(2027, 3, 12))
    world.credit_note(names["later"], at=at(10, month=4), lines=[(line(names["later"]), 1200000)])
    with ExitStack() as running:
        home: Path = tmp_path_factory.mktemp("deferred")
        settings = served_settings(world, home, running.enter_context, deferral="voucher", start_date=DAYS.first)
        extract(settings, Warehouse(settings.warehouse_path), DAYS, progress=lambda line: None)
        yield settings, {name: invoice["id"] for name, invoice in names.items()}


def line(invoice: dict[str, Any]) -> dict[str, Any]:
    """An invoice's one line."""
    found: dict[str, Any] = invoice["lines"]["data"][0]
    return found


Shop = tuple[Settings, dict[str, str]]


@pytest.fixture(scope="module")
def ledger(shop: Shop) -> Book:
    """The ledger of a company whose earlier books deferred."""
    return booked(shop[0], deferral_before_start="deferred")


def booked(settings: Settings, **choices: Any) -> Book:
    """The ledger under other choices."""
    chosen = settings.model_copy(update=choices)
    warehouse = Warehouse(chosen.warehouse_path)
    return Book(chosen, warehouse, build(chosen, warehouse))


def otherwise(shop: Shop, home: Path, **choices: Any) -> Book:
    """The same in a warehouse of its own."""
    home.mkdir()
    shutil.copyfile(shop[0].warehouse_path, home / "warehouse.duckdb")
    return booked(shop[0], home=home, **choices)


def test_what_is_left_opens_and_is_released_month_by_month(shop: Shop, ledger: Book) -> None:
    _, names = shop
    opened = {name: ledger.entry(f"opening:SEK:deferred:{id}").get("2970") for name, id in names.items()}
    # 109 of 365 days are over when February ends. Of the halved one 70 were on 20 January, and 295 share what was left.
    assert opened == {
        "whole": "-8416.44",  # 12 000 less 3 583.56
        "halved": "-3209.66",  # 12 000 less 2 301.37 earned and 6 000 credited, and 256 of 295 days of that
        "later": "-8416.44",
        "over": None,
        "voided": None,
        "ahead": "-3100.00",  # invoiced before the start, for April: nothing is released yet
        "own": None,
    }
    whole = names["whole"]
    assert ledger.entry(f"opening:SEK:deferred:{whole}") == {"2970": "-8416.44", "2999": "8416.44"}
    assert ledger.day(f"opening:SEK:deferred:{whole}") == DAYS.first
    assert ledger.entry(f"{whole}:release:2026-03") == {"2970": "1019.18", "3099": "-1019.18"}
    assert ledger.rows("SELECT min(month_end) FROM ledger.deferral_schedule") == [(date(2026, 3, 31),)]
    assert not ledger.entry(f"{whole}:deferral") and not ledger.entry(f"{whole}:release:2026-02")
    assert ledger.entry(f"{names['ahead']}:release:2026-04") == {"2970": "3000.00", "3099": "-3000.00"}
    later = ledger.rows("SELECT sum(credit - debit) FROM ledger.lines l JOIN ledger.entries e USING (entry_id)"
                        " WHERE account = '2970' AND sale_id = ?", names["later"])  # fmt: skip
    assert later == [(0,)], "a credit takes back what earlier books had deferred too"
    assert ledger.rows("SELECT DISTINCT held FROM ledger.entries WHERE kind LIKE '%defer%'") == [(None,)]


def test_the_roll_forward_says_what_was_taken_over(ledger: Book) -> None:
    ties(ledger)
    months = ledger.rows(
        "SELECT month_end, sum(opening_ore)::BIGINT, sum(taken_over_ore)::BIGINT FROM ledger.deferred_revenue"
        " GROUP BY 1 ORDER BY 1 LIMIT 2"
    )
    assert months[0] == (date(2026, 3, 31), 0, 2 * 841644 + 320966 + 310000)
    assert months[1][1] > 0 and months[1][2] == 0


def test_where_it_was_income_at_once_nothing_is_left(shop: Shop, tmp_path: Path) -> None:
    ledger, names = otherwise(shop, tmp_path / "home", deferral_before_start="income"), shop[1]
    sales = ledger.rows("SELECT DISTINCT sale_id FROM ledger.deferral_plans")
    assert sales == [(names["own"],)]
    assert ledger.rows("SELECT count(*) FROM ledger.entries WHERE kind = 'opening_deferred'") == [(0,)]
    ties(ledger)


def test_undecided_it_is_held_and_the_setting_is_named(shop: Shop, tmp_path: Path) -> None:
    ledger, names = otherwise(shop, tmp_path / "home"), shop[1]
    held = ledger.rows(
        "SELECT DISTINCT held FROM ledger.entries WHERE sale_id = ? AND kind LIKE '%defer%'", names["whole"]
    )
    assert len(held) == 1 and "deferral_before_start" in held[0][0]
    own = ledger.rows("SELECT DISTINCT held FROM ledger.entries WHERE sale_id = ?", names["own"])
    assert own == [(None,)]
