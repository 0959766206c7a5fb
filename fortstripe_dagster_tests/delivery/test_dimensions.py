"""Cost centre, project and article of the ledger's lines reach Fortnox, and a changed one is reposted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.delivery.documents.documents import Line, line_key
from fortstripe_dagster_tests.delivery.house import House, house


@pytest.fixture
def by_voucher(tmp_path: Path) -> Iterator[House]:
    """A company whose sales are vouchers."""
    with house(tmp_path, sales="daily_voucher") as running:
        yield running


def register(home: House, *, article: bool = True) -> None:
    """What the company has in Fortnox already."""
    for code in ("EDU", "WEB"):
        home.books.cost_centers.create({"Code": code, "Description": code})
    home.books.projects.create({"ProjectNumber": "P1", "Description": "Kurser"})
    if article:
        home.books.save_article({"ArticleNumber": "COURSE", "Description": "Kurs"})


def place(home: House, sale_id: str, cost_center: str) -> None:
    home.change(
        "UPDATE ledger.lines SET cost_center = ?, project = 'P1' WHERE entry_id = ? AND account = '3001'",
        cost_center, f"{sale_id}:sale",
    )  # fmt: skip
    home.change(
        "UPDATE ledger.sale_rows SET cost_center = ?, project = 'P1', article = 'COURSE' WHERE sale_id = ?",
        cost_center, sale_id,
    )  # fmt: skip


def on_sales(home: House) -> list[tuple[str, str, str]]:
    """Cost centre, project and amount of each row on 3001."""
    return sorted(
        (row.cost_center, row.project, str(row.amount))
        for voucher in home.books.vouchers()
        for row in voucher.rows
        if row.account == 3001
    )


def test_an_invoice_row_carries_them_and_its_voucher_too(home: House) -> None:
    register(home)
    home.sale("ch_1", 12500)
    place(home, "ch_1", "EDU")
    assert home.deliver().exit_code == 0
    (invoice,) = home.books.invoices.all.values()
    assert [(row.article_number, row.cost_center, row.project) for row in invoice.rows] == [("COURSE", "EDU", "P1")]
    assert on_sales(home) == [("EDU", "P1", "-100.00")]


def test_an_article_that_a_rule_names_is_made_once_and_left_as_people_keep_it(home: House) -> None:
    register(home, article=False)
    home.sale("ch_1", 12500, description="Kurs i bokföring")
    home.sale("ch_2", 12500, customer="cus_2", description="Annat namn")
    for sale_id in ("ch_1", "ch_2"):
        place(home, sale_id, "EDU")
    report = home.deliver()
    assert report.exit_code == 0 and report.written["article.create"] == 1
    assert report.requests["GET articles/*"] == 1
    article = home.books.articles.get("COURSE")
    assert (article["Description"], article["SalesAccount"], article["Type"]) == ("Kurs i bokföring", 3001, "SERVICE")
    home.sale("ch_3", 12500, customer="cus_3")
    place(home, "ch_3", "EDU")
    again = home.deliver()
    assert again.exit_code == 0 and "GET articles/*" not in again.requests and "article.create" not in again.written


def test_a_voucher_keeps_them_apart(by_voucher: House) -> None:
    register(by_voucher)
    for sale_id, cost_center in (("ch_1", "EDU"), ("ch_2", "WEB"), ("ch_3", "WEB")):
        by_voucher.sale(sale_id, 12500)
        place(by_voucher, sale_id, cost_center)
    assert by_voucher.deliver().exit_code == 0
    assert on_sales(by_voucher) == [("EDU", "P1", "-100.00"), ("WEB", "P1", "-200.00")]


def test_a_changed_dimension_is_reposted_by_a_supplement(by_voucher: House) -> None:
    register(by_voucher)
    by_voucher.sale("ch_1", 12500)
    place(by_voucher, "ch_1", "EDU")
    assert by_voucher.deliver().exit_code == 0
    place(by_voucher, "ch_1", "WEB")
    assert by_voucher.deliver().exit_code == 0
    assert on_sales(by_voucher) == [("EDU", "P1", "-100.00"), ("EDU", "P1", "100.00"), ("WEB", "P1", "-100.00")]
    assert by_voucher.accounts()["3001"] == "-100.00"


def test_what_a_person_approves_covers_them_and_is_as_before_without() -> None:
    plain = Line("3001", Decimal(-100), Decimal(25))
    assert line_key([plain]) == [["3001", "-100.00", "25.00"]]
    assert line_key([replace(plain, project="P1")]) != line_key([replace(plain, cost_center="P1")]) != line_key([plain])


def test_an_account_that_demands_one_takes_the_rows_that_have_it(by_voucher: House) -> None:
    register(by_voucher)
    by_voucher.books.ledger.accounts[2][3001].cost_center_settings = "MANDATORY"
    by_voucher.sale("ch_1", 12500)
    assert "not all its rows have" in by_voucher.deliver().held[0].reason
    place(by_voucher, "ch_1", "EDU")
    assert by_voucher.deliver().exit_code == 0
