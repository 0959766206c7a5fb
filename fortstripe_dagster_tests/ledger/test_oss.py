"""The One Stop Shop: the threshold sale by sale, what only the company knows, and Stripe's tax beside the decision."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES as TEST_CHOICES
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

ACCOUNTS: dict[str, Any] = {"clearing": {"SEK": "1686"}, "oss": {"DK": {"25": {"sales": "3331", "vat": "2679"}}}}
BELOW: dict[str, Any] = {"status": "off", "previous_year_turnover": 0, "outside_stripe": "none"}


def sold_to_denmark(world: World, *amounts: int, **details: Any) -> list[str]:
    """Sales of these öre with VAT, one a day from the second of March."""
    return [
        world.one_off_payment(at=at(2 + day), amount=amount, name="Jens", country="DK", **details)["id"]
        for day, amount in enumerate(amounts)
    ]


def accounts_of(ledger: Book, sales: list[str]) -> list[str]:
    found = dict(ledger.rows("SELECT sale_id, account FROM ledger.sale_rows"))
    return [found[sale] for sale in sales]


def watched(ledger: Book, kind: str) -> list[tuple[Any, ...]]:
    return ledger.rows("SELECT day, text FROM ledger.watchdogs WHERE kind = ? ORDER BY day", kind)


def test_the_sale_that_crosses_the_threshold_is_taxed_abroad(tmp_path: Path) -> None:
    world = new_world()
    # Without VAT: 79 999.99, then exactly 99 680.00, then 0.80 more.
    sales = sold_to_denmark(world, 9_999_999, 2_460_001, 100, 100)
    other = world.one_off_payment(at=at(2), amount=50_000_000, name="Jens", country="DK", metadata={"supply": "other"})
    ledger = book(world, tmp_path, oss=BELOW, accounts=ACCOUNTS)
    assert accounts_of(ledger, sales) == ["3001", "3001", "3331", "3331"]
    assert accounts_of(ledger, [other["id"]]) == ["3001"]  # counts neither way
    assert ledger.rows("SELECT upto_ore FROM ledger.oss_turnover ORDER BY moment") == [
        (7_999_999,), (9_968_000,), (9_968_080,), (9_968_160,)
    ]  # fmt: skip
    assert [day for day, _ in watched(ledger, "oss_threshold")] == [date(2026, 3, 2), date(2026, 3, 4)]
    alert = next(remark.text for remark in ledger.report.alerts if remark.entry_id == f"{sales[2]}:sale")
    assert "past 100 % of the threshold: 99680.80 of 99680.00 kronor" in alert and "register" in alert


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, list[str], str]:
    """Two sales to Denmark and one in Sweden, booked by a company that has said nothing of other countries."""
    world = new_world()
    sales = sold_to_denmark(world, 125, 125)
    swedish = world.one_off_payment(at=at(3), amount=12500, name="Anna")["id"]
    return book(world, tmp_path_factory.mktemp("booked"), oss={}), sales, swedish


def test_what_was_sold_elsewhere_counts(booked: tuple[Book, list[str], str], tmp_path: Path) -> None:
    ledger, sales, _ = booked
    ledger = ledger.under(tmp_path / "near", oss={**BELOW, "outside_stripe": {"2026": "99679"}}, accounts=ACCOUNTS)
    assert accounts_of(ledger, sales) == ["3001", "3331"]


def test_a_year_above_the_threshold_makes_the_next_one_taxed_abroad(
    booked: tuple[Book, list[str], str], tmp_path: Path
) -> None:
    ledger, sales, _ = booked
    ledger = ledger.under(tmp_path / "above", oss={**BELOW, "previous_year_turnover": "99680.01"}, accounts=ACCOUNTS)
    assert accounts_of(ledger, sales) == ["3331", "3331"]


def test_a_new_year_starts_from_nothing_and_remembers_the_last(tmp_path: Path) -> None:
    world = new_world(opened=datetime(2025, 12, 1, tzinfo=UTC))
    danish: dict[str, Any] = {"name": "Jens", "country": "DK"}
    world.one_off_payment(at=datetime(2025, 12, 30, tzinfo=UTC), amount=100_000, **danish)
    late = world.one_off_payment(at=datetime(2025, 12, 31, 22, 59, tzinfo=UTC), amount=12_400_000, **danish)
    next_year = world.one_off_payment(at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC), amount=100_000, **danish)
    days = Days(date(2025, 12, 30), date(2026, 1, 1))
    ledger = book(world, tmp_path, days, oss=BELOW, accounts=ACCOUNTS, start_date=days.first)
    assert accounts_of(ledger, [late["id"], next_year["id"]]) == ["3331", "3331"]
    years = ledger.rows("SELECT year, upto_ore, year_before_ore FROM ledger.oss_turnover ORDER BY moment")
    assert years == [(2025, 80_000, 0), (2025, 10_000_000, 0), (2026, 80_000, 10_000_000)]


@pytest.mark.parametrize(
    ("oss", "names"),
    [
        ({}, "oss.status"),
        ({"status": "off"}, "oss.previous_year_turnover"),
        ({"status": "off", "previous_year_turnover": 0}, "oss.outside_stripe"),
        ({"status": "off", "previous_year_turnover": 0, "outside_stripe": {"2025": 1}}, "kronor of 2026"),
    ],
)
def test_what_only_the_company_knows_holds_the_sale_and_names_the_setting(
    booked: tuple[Book, list[str], str], tmp_path: Path, oss: dict[str, Any], names: str
) -> None:
    ledger, sales, swedish = booked
    ledger = ledger.under(tmp_path / "known", oss=oss) if oss else ledger
    held = {entry: text for entry, text in ledger.held().items() if entry.endswith(":sale")}
    assert held.keys() == {f"{sale}:sale" for sale in sales} and all(names in text for text in held.values())
    assert ledger.entry(f"{swedish}:sale") == {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}


GERMANY = {
    rate: {"sales": f"33{no}", "vat": f"26{no}"} for no, rate in (("07", "7"), ("08", "8"), ("19", "19"), ("05", "5.5"))
}


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, str]]:
    """Sales of a company that is registered since the third of March; the dict names them."""
    world = new_world()
    sold: dict[str, dict[str, Any]] = {}
    for name, day in (("the day before", 2), ("the first day", 3)):
        sold[name] = world.one_off_payment(at=at(day), amount=125, name="Jens", country="DK")
    dane = world.customer(name="Jens", country="DK")
    for name, day, amount, quantity, rate in (
        ("right", 4, 3333, 3, world.tax_rate(percentage=25, country="DK")),
        ("wrong", 4, 10000, 1, world.tax_rate(percentage="12.5", country="DK")),
        ("swedish", 4, 10000, 1, world.tax_rate(percentage=25)),
        ("german", 5, 10000, 1, world.tax_rate(percentage=19, country="DE")),
    ):
        sold[name] = world.invoice(at=at(day), customer=dane, lines=[row("Plan", amount, quantity, rate)])
    sold["taken back"] = world.one_off_payment(at=at(6), amount=10000, name="Jens", country="DK")
    for part, day in ((3333, 7), (3333, 8), (3334, 9)):
        world.refund(sold["taken back"], at=at(day), amount=part)
    novel = {"supply": "e-service", "vat_class": "books"}
    jens: dict[str, Any] = {"amount": 10700, "name": "Jens"}
    for name, day, country, said in (
        ("before", 3, "DE", novel), ("book", 5, "DE", novel), ("unknown", 5, "FR", novel),
        ("medicine", 5, "DE", {}), ("course", 5, "DE", {}), ("without an account", 5, "FI", {}),
    ):  # fmt: skip
        sold[name] = world.one_off_payment(at=at(day), country=country, description=name, metadata=said, **jens)
    ledger = book(
        world,
        tmp_path_factory.mktemp("registered"),
        oss={**BELOW, "status": "on", "registered_from": date(2026, 3, 3)},
        accounts={"clearing": {"SEK": "1686"}, "oss": {**ACCOUNTS["oss"], "DE": GERMANY}},
        rules=[{"name": "Pharmacy", "when": {"description": "medicine"}, "supply": "goods"}],
        vat_rates=[
            {"country": "DE", "vat_class": "books", "rate": "8", "valid_from": "2020-01-01", "valid_to": "2026-03-04"},
            {"country": "DE", "vat_class": "books", "rate": "7", "valid_from": "2026-03-05"},
            {"country": "DE", "rule": "Pharmacy", "rate": "5.5", "valid_from": "2020-01-01"},
        ],
    )
    return ledger, {name: made["id"] for name, made in sold.items()}


def test_registered_sales_are_taxed_abroad_from_the_first_day(registered: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = registered
    assert accounts_of(ledger, [ids["the day before"], ids["the first day"]]) == ["3001", "3331"]
    assert ledger.entry(f"{ids['the first day']}:sale") == {"1510": "1.25", "2679": "-0.25", "3331": "-1.00"}


def test_a_country_without_an_account_holds_the_sale_and_names_the_setting(
    registered: tuple[Book, dict[str, str]],
) -> None:
    ledger, ids = registered
    assert '[accounts.oss.FI] "25.5"' in ledger.held()[f"{ids['without an account']}:sale"]


def test_vat_that_stripe_charged_abroad_is_booked_as_charged(registered: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = registered
    assert ledger.entry(f"{ids['right']}:sale") == {"1510": "124.99", "2679": "-25.00", "3331": "-99.99"}
    held = ledger.held()
    assert "accounts.oss.DK" in held[f"{ids['wrong']}:sale"]
    assert "Swedish VAT on a sale that is taxed in DK" in held[f"{ids['swedish']}:sale"]
    assert "VAT of DE on a sale to DK" in held[f"{ids['german']}:sale"]


def test_nothing_else_waits(registered: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = registered
    waits = {f"{ids[name]}:sale" for name in ("wrong", "swedish", "german", "unknown", "without an account")}
    assert {entry for entry in ledger.held() if entry.endswith(":sale")} == waits


def test_a_refund_stays_with_the_country_of_its_sale(registered: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = registered
    credits = ledger.rows("SELECT account, vat_account, vat_ore FROM ledger.credit_rows")
    assert {(account, vat_account) for account, vat_account, _ in credits} == {("3331", "2679")}
    assert sorted(vat for *_, vat in credits) == [666, 667, 667]
    booked = ledger.part(ids["taken back"])
    assert (booked["3331"], booked["2679"]) == ("0.00", "0.00")


def test_reduced_rates_abroad_are_the_companys_own_by_class_rule_and_day(
    registered: tuple[Book, dict[str, str]],
) -> None:
    ledger, ids = registered
    rates = {sale: str(rate) for sale, rate in ledger.rows("SELECT sale_id, vat_rate FROM ledger.sale_rows")}
    known = {name: rates[ids[name]] for name in ("before", "book", "medicine", "course")}
    assert known == {"before": "8.00", "book": "7.00", "medicine": "5.50", "course": "19.00"}
    assert ledger.entry(f"{ids['book']}:sale") == {"1510": "107.00", "2607": "-7.00", "3307": "-100.00"}
    held = ledger.held()[f"{ids['unknown']}:sale"]
    assert "the rate of books in FR" in held and "[[vat_rates]]" in held


@pytest.mark.parametrize(
    ("rates", "fault"),
    [
        ([{"rate": "7"}], "either vat_class or rule"),
        ([{"vat_class": "books", "rate": "7"}] * 2, "1 and 2 give two rates"),
        ([{"rule": "Nobody", "rate": "7"}], "names the rule 'Nobody'"),
        ([{"vat_class": "books", "rate": "7", "valid_to": "2019-12-31"}], "is before valid_from"),
    ],
)
def test_doubtful_rates_abroad_are_refused(rates: list[dict[str, str]], fault: str) -> None:
    given = [{"country": "DE", "valid_from": "2020-01-01", **rate} for rate in rates]
    with pytest.raises(ValueError, match=fault):
        Settings(**{**TEST_CHOICES, "vat_rates": given})
