"""Stock: what is sold leaves it once, what a credit takes back whole comes back, lost answers move nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import House, house

FIRST, LATER = date(2026, 3, 2), date(2026, 3, 5)


@contextmanager
def shop(tmp_path: Path, *, module: bool, **choices: Any) -> Iterator[House]:
    """A company with 20 mugs in stock and a service, that sells by daily vouchers."""
    settings = {"sales": "daily_voucher", "stock": {"moves": "auto", "since": FIRST}, "fortnox": {"settle_seconds": 0}}
    with house(tmp_path, company=Company(warehouse=module), **{**settings, **choices}) as home:
        home.books.save_article(
            {"ArticleNumber": "MUG", "Description": "Mugg", "StockGoods": True, "QuantityInStock": Decimal(20)}
        )
        home.books.save_article({"ArticleNumber": "HELP", "Description": "Hjälp", "Type": "SERVICE"})
        yield home


def sells(home: House, sale_id: str, article: str, quantity: int, gross: int, day: date = FIRST) -> None:
    home.sale(sale_id, gross, quantity=quantity, day=day)
    home.change("UPDATE ledger.sale_rows SET article = ? WHERE sale_id = ?", article, sale_id)


def credits_(home: House, credit_id: str, sale_id: str, article: str, gross: int) -> None:
    home.credit(credit_id, sale_id, gross, day=LATER)
    home.change("UPDATE ledger.credit_rows SET article = ? WHERE credit_id = ?", article, credit_id)


def mugs(home: House) -> int:
    return int(home.books.articles.get("MUG")["QuantityInStock"])


@pytest.mark.parametrize("module", [True, False], ids=["Warehouse module", "article's quantity"])
def test_what_is_sold_leaves_the_stock_once_and_what_comes_back_is_put_back(tmp_path: Path, module: bool) -> None:
    with shop(tmp_path, module=module) as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        sells(home, "ch_2", "MUG", 2, 8000)
        sells(home, "ch_3", "HELP", 1, 8000)
        report = home.deliver()
        assert report.exit_code == 0 and mugs(home) == 15, report.text()
        assert home.deliver().nothing_to_do and mugs(home) == 15
        credits_(home, "re_1", "ch_1", "MUG", 10000)
        credits_(home, "re_2", "ch_2", "MUG", 4000)  # nobody says whether one of the two came back
        assert home.deliver().exit_code == 0 and mugs(home) == 18
        assert len(home.books.warehouse) == (3 if module else 0)
        assert all(document["warehouseReady"] for document in home.books.warehouse.values())


@pytest.mark.parametrize("module", [True, False])
def test_a_lost_answer_moves_nothing_twice(tmp_path: Path, module: bool) -> None:
    """Of each article the answer to one of its writes is lost, after it took effect or instead."""
    writes = 4 if module else 2  # two moves; in the module each is made and then marked as ready
    cases = {f"MUG-{taken}-{nth}": (taken, nth) for taken in ("taken", "not") for nth in range(1, writes + 1)}
    with shop(tmp_path, module=module) as home:
        for number, article in enumerate(cases):
            home.books.save_article(
                {"ArticleNumber": article, "Description": "Mugg", "StockGoods": True, "QuantityInStock": Decimal(20)}
            )
            sells(home, f"ch_{number}1", article, 3, 10000)
            sells(home, f"ch_{number}2", article, 2, 10000)
        moves: Counter[str] = Counter()
        articles: dict[str, str] = {}  # of each document, known by what it was made with

        def lost(call: Call, how: str) -> bool:
            """Whether it is the write about an article whose answer is lost like this."""
            record = call.path.removesuffix("/release")
            for article, (taken, nth) in cases.items():
                if call.method == "PUT" and article.encode() in call.path.encode() + call.body:
                    articles[record] = article
                if how == taken and articles.get(record) == article and call.writes:
                    moves[article] += 1
                    return moves[article] == nth
            return False

        home.gateway.faults.lose_answer = lambda call: lost(call, "taken")
        home.gateway.faults.answer = lambda call: JSONResponse({}, 502) if lost(call, "not") else None
        assert home.deliver().exit_code == 0
        left = {article: int(home.books.articles.get(article)["QuantityInStock"]) for article in cases}
        assert left == dict.fromkeys(cases, 15)
        assert sorted(moves) == sorted(cases) and min(moves.values()) >= writes


def test_an_invoice_moves_stock_by_its_rows_at_the_quantity_sold(tmp_path: Path) -> None:
    with shop(tmp_path, module=True, sales="invoice") as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        credits_(home, "re_1", "ch_1", "MUG", 10000)
        sells(home, "ch_2", "MUG", 2, 8000)
        credits_(home, "re_2", "ch_2", "MUG", 4000)
        assert home.deliver().exit_code == 0 and not home.books.warehouse
        rows = {
            str(invoice.header["ExternalInvoiceReference1"]): [
                (row.article_number, int(row.quantity), str(row.price)) for row in invoice.rows
            ]
            for invoice in home.books.invoices.all.values()
        }
        assert rows["ch_1"] == [("MUG", 2, "33.33"), ("MUG", 1, "33.34")]
        assert rows["re_1"] == [("MUG", -2, "33.33"), ("MUG", -1, "33.34")]
        assert rows["re_2"] == [("", -1, "40.00")], "a lower price puts no mug back"


def test_earlier_days_an_article_that_is_not_there_and_one_that_is_refused(tmp_path: Path) -> None:
    with shop(tmp_path, module=True, stock={"moves": "auto", "since": LATER}) as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        sells(home, "ch_2", "CUP", 1, 10000, LATER)
        sells(home, "ch_3", "MUG", 1, 10000, LATER)
        home.gateway.faults.answer = lambda call: (
            JSONResponse({"message": "no scope"}, 403) if call.method == "PUT" and "warehouse" in call.path else None
        )
        report = home.deliver()
        assert report.exit_code == HELD and home.accounts()["3001"] == "-240.00", "the books are done"
        assert {item.document_id: item.reason.split(":")[0] for item in report.held} == {
            "stock:ch_2:CUP": "Fortnox has no article CUP.", "stock:ch_3:MUG": "Fortnox refused it",
        }  # fmt: skip
        home.gateway.faults.answer = lambda call: None
        home.books.save_article({"ArticleNumber": "CUP", "Description": "Kopp", "StockGoods": False})
        assert home.deliver().exit_code == 0 and mugs(home) == 19


def test_a_module_that_cannot_be_asked_about_holds_the_moves_alone(tmp_path: Path) -> None:
    with shop(tmp_path, module=True) as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        home.gateway.faults.answer = lambda call: JSONResponse({}, 404) if "tenants" in call.path else None
        (held,) = home.deliver().held
        assert "Warehouse module" in held.reason and "[stock]" in held.remedy and home.accounts()["3001"] == "-80.00"
        chosen = home.settings.stock.model_copy(update={"moves": "warehouse"})
        assert home.deliver(stock=chosen).exit_code == 0 and mugs(home) == 17


def test_moves_await_approval_and_are_forecast(tmp_path: Path) -> None:
    with shop(tmp_path, module=False, attachments="off") as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        awaiting = home.deliver(approval="manual").awaiting
        assert "stock:ch_1:MUG" in {item.document_id for item in awaiting} and mugs(home) == 20
        home.write_ledger()
        expected = delivery.forecast(home.settings, home.warehouse, MARCH, fortnox=home.client(), progress=print)
        report = home.deliver()
        assert sum(expected.requests.values()) == sum(report.requests.values())


@pytest.mark.parametrize("module", [True, False])
def test_a_lost_journal_moves_nothing_twice(tmp_path: Path, module: bool) -> None:
    with shop(tmp_path, module=module) as home:
        sells(home, "ch_1", "MUG", 3, 10000)
        sells(home, "in_2", "MUG", 2, 8000)
        credits_(home, "re_1:in_2", "in_2", "MUG", 8000)
        home.deliver()
        assert mugs(home) == 17
        for file in home.settings.home.glob("journal.sqlite*"):
            file.unlink()
        home.write_ledger()
        delivery.adopt(home.settings, home.warehouse, fortnox=home.client(), progress=home.said.append)
        sells(home, "ch_2", "MUG", 1, 5000)
        assert home.deliver().exit_code == 0 and mugs(home) == 16


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_invoices_are_marked_as_ready_where_the_module_wants_it(tmp_path: Path, lost: bool) -> None:
    company = Company(warehouse=True, delivers_by_itself=False)
    with house(tmp_path, company=company, credit_invoices="linked", fortnox={"settle_seconds": 0}) as home:
        home.sale("ch_1", 10000)
        home.payment("txn_1", "ch_1", 10000)
        home.credit("re_1", "ch_1", 10000, day=LATER)
        home.refund("txn_2", "ch_1", "re_1", 10000, day=LATER)
        asked: list[str] = []

        def first(call: Call) -> bool:
            asked.extend([call.path] * call.path.endswith("/warehouseready"))
            return lost and asked == [call.path]

        home.gateway.faults.lose_answer = first
        report = home.deliver()
        assert report.exit_code == 0, report.text()
        assert asked == ["/3/invoices/1/warehouseready", "/3/invoices/2/warehouseready"]
        assert home.accounts() == {} and home.books.open_receivables() == []
        assert report.requests["PUT invoices/*/bookkeep"] == 3  # one was refused, and told how it wants them
        assert home.deliver().nothing_to_do
