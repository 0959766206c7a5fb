"""The page and the files of the VAT return: whole, escaped, readable by a spreadsheet, and drawn by a real browser."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.proof.vat_report import VatReport, vat_report
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Host, company

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def report(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> VatReport:
    """Of a customer whose name is markup."""
    home = tmp_path_factory.mktemp("vat")
    found, folder = company(month, home / "home", host), home / "moms"
    found.sql("UPDATE ledger.parties SET name = 'Anna <b>&' WHERE name = 'Anna Berg'")
    found.book()
    found.prove()
    return vat_report(
        found.settings, found.warehouse, MARCH, lambda line: None,
        files=folder, page=folder / "moms.html", compare=True, fortnox=found.fortnox,
    )  # fmt: skip


def test_page_and_files_hold_the_same_figures(report: VatReport) -> None:
    box, folder = report.found.box("05"), report.paths[-1].parent
    page = (folder / "moms.html").read_text(encoding="utf-8")
    assert f"{box.declared:,}".replace(",", " ") in page and "Momspliktig försäljning" in page
    assert "Anna &lt;b&gt;&amp;" in page and "<b>&" not in page
    assert "http://" not in page and "https://" not in page, "nothing is fetched from elsewhere"
    with (folder / "vat_lines.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["box"] == "05"]
    assert sum(Decimal(row["amount"].replace(",", ".")) for row in rows) == box.amount
    assert {path.name for path in report.paths} == {
        "vat_boxes.csv", "vat_lines.csv", "oss.csv", "ec_sales.csv", "vat_findings.csv", "vat_tie.csv", "moms.html",
    }  # fmt: skip
    assert report.exit_code == 0
    assert json.loads(json.dumps(report.as_json(), default=str))["boxes"][0]["amount"] == str(box.amount)
    assert f"{box.amount}" in report.text().replace(" ", "")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to draw the page")
def test_a_browser_draws_the_page_without_the_network(report: VatReport, tmp_path: Path) -> None:
    assert CHROMIUM
    pdf = tmp_path / "moms.pdf"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
               f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}"]  # fmt: skip
    subprocess.run([CHROMIUM, *options, report.paths[-1].as_uri()], check=True, capture_output=True, timeout=60)
    assert pdf.read_bytes().startswith(b"%PDF") and pdf.stat().st_size > 10_000
