"""The words of the proof: each is said by something, and whatever is said is there in both languages."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from fortstripe_dagster.delivery.documents.documents import LINKED, STEPS
from fortstripe_dagster.delivery.documents.vouchers import GROUPS, OPENING, SINGLE
from fortstripe_dagster.delivery.sending.steps import READY
from fortstripe_dagster.proof import close
from fortstripe_dagster.proof.close.lists import headings
from fortstripe_dagster.proof.close.orders import Order
from fortstripe_dagster.proof.close.samples import ChainRow
from fortstripe_dagster.proof.vat_return import EcSalesRow, OssRow, VatBox
from fortstripe_dagster.proof.vat_tie import VatTieRow
from fortstripe_dagster.proof.words import WORDS

PROOF = Path(close.__file__).parents[1]
BEFORE = ("extract", "ledger", "delivery")
"""Stages whose kinds and states are said."""
STRIPES = set(
    "won lost needs_response under_review warning_needs_response warning_under_review warning_closed "
    "paid open uncollectible succeeded pending canceled failed in_transit "
    "loss_keep_vat fraudulent duplicate requested_by_customer product_not_received product_unacceptable "
    "unrecognized general subscription_canceled credit_not_processed".split()
)
"""States and reasons that Stripe gives its objects, and what the company makes of a lost dispute."""
DRIFT = {f"voucher {kind}" for kind in ("missing", "differs", "double", "unknown", "manual")}
"""Changed vouchers, whose kind is put together from the finding's."""
GATHERED = r"^(section_\d\d|opening_of|movement_of|closing_of)$"
"""Words whose names are put together where they are said."""


def test_both_languages_have_the_same_words_and_none_is_empty() -> None:
    assert WORDS["en"].keys() == WORDS["sv"].keys()
    assert all(text.strip() for words in WORDS.values() for text in words.values())


def test_every_word_is_said_by_something() -> None:
    """As a quoted name in the code or a template, a column of a list, or a value that a rule of another stage gives."""
    quoted = texts(PROOF, "*.py", "*.sql", "*.html") + "".join(
        texts(PROOF.parent / each, "*.sql", "*.py") for each in BEFORE
    )
    used = set(re.findall(r"[\"'](\w+(?:[ :,-]+\w+)*)[\"']", quoted)) | STRIPES | DRIFT
    used |= set(re.findall(r"\w+", texts(PROOF / "close" / "sql", "*.sql")))
    used |= set(re.findall(r"\w+", texts(PROOF.parent / "ledger" / "data", "vat_treatments.csv")))
    used |= {each.name for kind in (ChainRow, EcSalesRow, Order, OssRow, VatBox, VatTieRow) for each in fields(kind)}
    assert [word for word in WORDS["en"] if word not in used and not re.match(GATHERED, word)] == []


def test_every_kind_of_entry_is_a_word() -> None:
    assert {*GROUPS, *OPENING, *SINGLE} - WORDS["sv"].keys() == set()


def test_every_kind_of_document_and_each_of_its_steps_is_a_word() -> None:
    steps = {step for steps in STEPS.values() for step in steps} | {*LINKED, READY}
    assert (steps | STEPS.keys()) - WORDS["sv"].keys() == set()


def texts(folder: Path, *patterns: str) -> str:
    """All that the files of a folder say."""
    return "".join(path.read_text("utf-8") for pattern in patterns for path in folder.rglob(pattern))


@pytest.mark.parametrize("language", ["en", "sv"])
def test_titles_of_lists_are_names_that_a_sheet_may_have(language: str) -> None:
    titles = [getattr(each, language) for each in headings()]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 31 and not set(title) & set("[]:*?/\\'") for title in titles if language == "sv")
    assert all(len(title) <= 31 and not set(title) & set("[]:*?/\\") for title in titles)
