"""The certificate and the text for the terminal: everything stands in them, nothing is loaded, nothing is injected."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from fortstripe_dagster.proof import ProofReport
from fortstripe_dagster.proof.certificate import path_in
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host
from fortstripe_dagster_tests.proof.company import company as company_with
from fortstripe_dagster_tests.proof.test_planted import unnoted

D = Decimal


class Page(HTMLParser):
    """The texts and tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def clean(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, ProofReport]:
    """The month as it should be, and its proof."""
    found = company_with(month, tmp_path_factory.mktemp("clean") / "home", host)
    found.book()
    return found, found.prove()


def test_a_clean_month(clean: tuple[Company, ProofReport]) -> None:
    company, report = clean
    html = report.certificate_path.read_text(encoding="utf-8")
    page = Page(html)
    assert page.open == [], "every element is closed"
    assert report.certificate_path == company.settings.home / "proof" / "certificate-2026-03-01_2026-03-31.html"
    for expected in (
        "Proof certificate",
        "Nordljus Handel AB",
        "Trial balance",
        report.content_hash,
        "1686",
        "credit invoice",
    ):
        assert expected in page.text
    swedish = Page(path_in(report.certificate_path, "sv").read_text(encoding="utf-8")).text
    assert "Avstämningsintyg" in swedish and "Råbalans till 2026-03-31" in swedish and report.content_hash in swedish
    ((output_vat,),) = company.sql("SELECT sum(amount) FROM proof.vat_lines WHERE box = '10'")
    assert f"Output VAT 25 %\n    {output_vat:,.2f}".replace(",", " ") in page.text and "Changed in" not in page.text
    assert f"Utgående moms 25 %\n    {output_vat:,.2f}".replace(",", " ").replace(".", ",") in swedish
    clearing = f"{company.books.general_ledger(date(2026, 3, 31))[1686]:.2f}"
    assert page.text.count(clearing) >= 4, "three ways and the trial balance"
    assert "Alarms" not in page.text and "Waits" not in page.text
    assert not any(
        {"src", "href"} & attributes.keys() or tag in ("script", "link", "img") for tag, attributes in page.tags
    )
    assert not re.search(r"https?://|@import|url\(", html), "the page needs nothing from outside"


def test_findings_stand_first_and_nothing_in_them_is_markup(company: Company) -> None:
    company.book()
    company.sql("UPDATE delivery.documents SET voucher_number = 999 WHERE document_id LIKE '%fees'")
    unnoted(company, date(2026, 3, 20), {"1686": D(-1), "1930": D(1)}, "A")
    vouchers = company.books.vouchers(2, "A")
    object.__setattr__(vouchers[-1], "description", "<script>alert(1)</script>")
    report = company.prove()
    page = Page(report.certificate_path.read_text(encoding="utf-8"))
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script>alert(1)</script>" in page.text
    assert page.text.index("Alarms") < page.text.index("Waits for a person") < page.text.index("Trial balance")
    assert "Changed in Fortnox after delivery" in page.text and "voucher manual" in page.text
    missing = [item for item in report.alarms if item.kind == "missing"]
    assert missing and page.text.count("ask who removed it in Fortnox") == len(missing)


def test_the_text_for_a_terminal(company: Company) -> None:
    company.book(held={min(fees(company)): "the period is locked"})
    report = company.prove()
    text = report.text()
    assert text.splitlines()[0] == (
        "Proof of 2026-03-01…2026-03-31 for Nordljus Handel AB: proven, 1 item waits for a person"
    )
    assert report.lines()[0] in text and "WAITS FOR A PERSON (1)" in text and "the period is locked" in text
    table = [line for line in text.splitlines() if re.match(r"[1-9][ab]?  ", line)]
    assert len(table) == len(report.equations)
    assert len({line.rindex("explained" if "explained" in line else "ok") for line in table}) == 1, "columns line up"
    assert str(report.certificate_path) in text


def test_the_report_as_json_has_amounts_as_text(clean: tuple[Company, ProofReport]) -> None:
    found = clean[1].as_json()
    assert found["ok"] is True and found["tie_out"][0]["difference"] == "0.000"
    floats: list[object] = []

    def look(value: object) -> None:
        if isinstance(value, float):
            floats.append(value)
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(each)

    look(found)
    assert floats == []


def fees(company: Company) -> list[str]:
    """The fee entries of the ledger."""
    return [row[0] for row in company.sql("SELECT entry_id FROM ledger.entries WHERE kind = 'fee'")]
