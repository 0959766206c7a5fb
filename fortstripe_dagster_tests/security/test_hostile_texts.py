"""Buyers may write what they like: no text from Stripe becomes SQL, HTML, a spreadsheet's formula or a false line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from fortstripe_dagster import delivery
from fortstripe_dagster.assets.metadata import markdown_table
from fortstripe_dagster.delivery.planning import plan_page
from fortstripe_dagster.operations.pipeline import SyncReport
from fortstripe_dagster.proof.explain import explain
from fortstripe_dagster.proof.sie import write_sie
from fortstripe_dagster.proof.vat_report import vat_report
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import MARCH

HOSTILE = (
    "Robert'); DROP TABLE ledger.entries; --",
    '"><script>alert(1)</script><img src=x onerror=alert(2)>',
    "=cmd|' /C calc'!A0",
    "+SUM(1+1)*cmd",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "{{ 7 * 7 }} {% raw %} ${jndi:ldap://x}",
    "a\r\n#VER S 99999 20260301\x00\x1b[2J",
    "| a | b |\n|---|---| `x`",
    "'' OR 1=1 /*",
    "%s %(name)s {0} \\",
)
FORMULA = re.compile(r"^[\s]*[=+@-]")
NUMBER = re.compile(r"^-?[\d ]+([.,]\d+)?$")


def hostile_world() -> World:
    """A sale by each name as guest and as customer, an invoice to each, a refund and a dispute of some."""
    world = World(seed=3)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for number, text in enumerate(HOSTILE):
        at += timedelta(hours=5)
        email = f"{number}@example.com"
        charge = world.one_off_payment(
            at=at, amount=12500, name=text, email=email, description=text, metadata={"note": text}
        )
        customer = world.customer(name=text, email=email, line1=text, city=text, metadata={"note": text}, at=at)
        world.pay_invoice(
            world.invoice(
                at=at, customer=customer, lines=[Line(description=text, unit_amount=10000)], description=text
            ),
            at=at,
        )
        if number % 4 == 0:
            world.refund(charge, at=at + timedelta(days=1))
    return world


class Tags(HTMLParser):
    """Every tag of a page and every attribute that a browser would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, SyncReport]]:
    """The month of the hostile buyers, booked and proven."""
    home = tmp_path_factory.mktemp("hostile")
    with running(hostile_world(), home, sales="auto", attachments="all") as company:
        yield company, company.sync()


def test_every_text_is_booked_as_text(booked: tuple[Running, SyncReport]) -> None:
    company, report = booked
    assert report.proof.ok, report.proof.text()
    assert not report.delivered.held
    with company.warehouse() as connection:
        names = {row[0] for row in connection.execute("SELECT DISTINCT name FROM stripe.customers").fetchall()}
        entries = connection.execute("SELECT count(*) FROM ledger.entries").fetchone()
    assert names == set(HOSTILE)
    assert entries is not None and entries[0] > 4 * len(HOSTILE)


def test_no_page_runs_what_a_buyer_wrote(booked: tuple[Running, SyncReport], tmp_path: Path) -> None:
    company, report = booked
    warehouse = Warehouse(company.settings.warehouse_path)
    vat_report(company.settings, warehouse, MARCH, company.said.append, page=tmp_path / "vat.html")
    fresh = company.settings.model_copy(update={"home": tmp_path / "fresh"})
    planned = delivery.plan(fresh, warehouse, MARCH, progress=company.said.append)
    assert planned.to_send
    pages = {
        "certificate": Path(report.proof.certificate_path).read_text(),
        "vat": (tmp_path / "vat.html").read_text(),
        "plan": plan_page.as_html(planned),
        "Fortnox": requests.get(f"{company.settings.fortnox_api_base}/", timeout=30).text,
    }
    assert "&lt;script&gt;" in pages["plan"]
    for name, page in pages.items():
        found = Tags(page)
        assert {"script", "img", "iframe", "object"}.isdisjoint(found.tags), name
        assert not found.handlers, name


def test_no_cell_of_a_spreadsheet_is_a_formula(booked: tuple[Running, SyncReport], tmp_path: Path) -> None:
    company, _ = booked
    warehouse = Warehouse(company.settings.warehouse_path)
    vat_report(company.settings, warehouse, MARCH, company.said.append, files=tmp_path)
    tables = {path.name: path.read_text("utf-8-sig") for path in tmp_path.glob("*.csv")}
    attached = {file.name: file.content.decode("utf-8-sig") for file in company.books.files.all.values()}
    assert attached and any("cmd" in text for text in attached.values())
    for name, text in (tables | attached).items():
        for row in csv.reader(text.splitlines(keepends=True), delimiter=";"):
            for cell in row:
                assert NUMBER.match(cell) or not FORMULA.match(cell), f"{name}: {cell!r}"


def test_no_text_becomes_a_line_of_the_sie_file(booked: tuple[Running, SyncReport], tmp_path: Path) -> None:
    company, _ = booked
    write_sie(company.settings, Warehouse(company.settings.warehouse_path), MARCH, tmp_path / "march.si")
    lines = (tmp_path / "march.si").read_bytes().decode("cp437").split("\r\n")
    assert not [line for line in lines if line.lstrip().startswith("#VER S 99999")]
    assert not [line for line in lines if any(ord(letter) < 32 and letter != "\t" for letter in line)]


def test_no_text_commands_the_terminal(booked: tuple[Running, SyncReport]) -> None:
    company, report = booked
    warehouse = Warehouse(company.settings.warehouse_path)
    with company.warehouse() as connection:
        charges = connection.execute("SELECT min(id) FROM stripe.charges GROUP BY billing_name").fetchall()
    texts = [explain(warehouse, charge, "en").text() for (charge,) in charges]
    assert any("Robert" in text for text in texts)
    for text in (*texts, report.delivered.text(), report.proof.text(), *company.said):
        assert not [letter for letter in text if ord(letter) < 32 and letter not in "\n\t"], text


def test_no_text_breaks_out_of_its_cell_in_dagster() -> None:
    table = str(markdown_table(["name"], [(text,) for text in HOSTILE]).value)
    assert len(table.splitlines()) == 2 + len(HOSTILE)
    for line in table.splitlines():
        assert line.count("|") == 2
    assert "<" not in table and "`" not in table
