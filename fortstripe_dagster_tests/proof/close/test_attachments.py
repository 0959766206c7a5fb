"""Papers filed with a month: copied once, hashed, remembered by a rebuilt warehouse, and compared with the fees."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof.close import attach, month_of
from fortstripe_dagster.proof.close.attachments import file_of, read
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.close.conftest import close_in
from fortstripe_dagster_tests.proof.company import Company

D = Decimal


def test_a_paper_is_copied_with_its_hash_and_filed_once(clean: Company, tmp_path: Path) -> None:
    paper = tmp_path / "kontoutdrag mars.pdf"
    paper.write_bytes(b"saldo 17")
    for _ in range(2):
        filed = attach(clean.settings, clean.warehouse, paper, "bank_statement", MARCH, "Karin")
    assert filed.sha256 == hashlib.sha256(b"saldo 17").hexdigest()
    assert file_of(clean.settings, filed).read_bytes() == b"saldo 17"
    assert clean.sql("SELECT month, kind, name, who FROM proof.attachments WHERE kind = 'bank_statement'") == [
        ("2026-03", "bank_statement", "kontoutdrag mars.pdf", "Karin")
    ]


def test_a_rebuilt_warehouse_knows_the_papers(clean: Company, tmp_path: Path) -> None:
    clean.sql("DROP TABLE proof.attachments")
    paper = tmp_path / "april.pdf"
    paper.write_bytes(b"april")
    attach(clean.settings, clean.warehouse, paper, "other", month_of("2026-04"), "Karin")
    assert clean.sql("SELECT month FROM proof.attachments ORDER BY 1") == [("2026-03",), ("2026-04",)]


def test_a_tax_invoice_that_says_something_else_is_an_alarm(clean: Company, tmp_path: Path) -> None:
    paper = tmp_path / "more.pdf"
    paper.write_bytes(b"another invoice of the month")
    attach(clean.settings, clean.warehouse, paper, "stripe_tax_invoice", MARCH, "Karin", D("0.01"))
    pack = close_in(clean, "en", as_proven=True)
    (check,) = [each for each in pack.checks if each.outcome == "alarm"]
    assert (check.name, check.about, check.difference, check.remark) == (
        "tax_invoice", "SEK", D("-0.01"), "invoice.pdf, more.pdf",
    )  # fmt: skip
    copies = {path.name.split("-", 1)[1] for path in (pack.folders[0] / "13_attachments").iterdir()}
    assert copies == {"invoice.pdf", "more.pdf"}


def test_a_copy_that_was_changed_stops_the_pack(clean: Company) -> None:
    (paper,) = read(clean.settings)
    file_of(clean.settings, paper).write_bytes(b"forged")
    with pytest.raises(Failure, match="was changed since it was filed"):
        close_in(clean, "en", as_proven=True)


def test_what_cannot_be_filed_says_why(clean: Company, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        attach(clean.settings, clean.warehouse, tmp_path / "none.pdf", "other", MARCH, "Karin")
    with pytest.raises(Failure, match="no kind of paper"):
        attach(clean.settings, clean.warehouse, tmp_path, "poem", MARCH, "Karin")
