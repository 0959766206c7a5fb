"""The sentences of the proof: whatever a stage says to a person has its Swedish, and each pattern finds itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fortstripe_dagster
from fortstripe_dagster.fortnox import error_codes
from fortstripe_dagster.proof.sentences import SHAPES, in_swedish, pairs
from fortstripe_dagster.proof.words import WORDS

ROOT = Path(fortstripe_dagster.__file__).parent
BRACES = re.compile(r"\{(\w+)\}")
SAMPLES = {"day": "2026-03-14", "arrival": "2026-03-16", "count": "7", "voucher": "12", "document": "voucher:2026:x",
           "state": "held", "series": "S", "account": "1686", "kind": "payment", "payout": "po_1"}  # fmt: skip
HOLDING = {"held", "_held", "_hold", "_person", "Held", "NoPaper"}
"""What delivery calls with a reason and a remedy."""
REMEDY = re.compile(r"(REMEDY|_AGAIN)$")
"""Remedies that have a name."""
HOW = "write the whole sentence in both languages in proof/sentences.csv, what varies in braces"
FINDINGS = ("found_*.sql", "drift.sql", "vat_findings.sql", "vat_tie_findings.sql", "macros.sql")


def filled(pattern: str) -> str:
    """A pattern with something in its braces."""
    return BRACES.sub(lambda brace: SAMPLES.get(brace[1], f"<{brace[1]}>"), pattern)


def expected(swedish: str) -> str:
    """What a pattern's Swedish says of that."""
    said = {**SAMPLES, "state": WORDS["sv"]["held"], "kind": WORDS["sv"]["payment"]}
    return BRACES.sub(lambda brace: said.get(brace[1], f"<{brace[1]}>"), swedish)


def test_each_sentence_is_found_by_its_own_pattern_and_carries_all_over() -> None:
    assert [(english, swedish) for english, swedish in pairs() if not swedish.strip()] == []
    assert {
        english for english, swedish in pairs() if set(BRACES.findall(english)) ^ set(BRACES.findall(swedish))
    } == set()
    wrong = {english: in_swedish(filled(english)) for english, swedish in pairs()
             if in_swedish(filled(english)) != expected(swedish)}  # fmt: skip
    assert wrong == {}
    assert all(re.fullmatch(SHAPES[name], SAMPLES[name]) for name in SAMPLES.keys() & SHAPES.keys())


def literals(sql: str) -> Iterator[str]:
    """The texts in a file of SQL that are for people: some words in a row."""
    code = re.sub(r"-- [^\n]*", "", sql)
    for found in re.findall(r"'((?:[^']|'')*)'", code):
        text = found.replace("''", "'").strip(" :;,()")
        if re.search(r"[a-z]{2,} [a-z]{2,}", text) and not re.search(r"[åäöÅÄÖ]|SELECT|\\|\$", text):
            yield text


def said_by_sql() -> set[str]:
    """What the findings and the ledger say; a kind is a word, and Swedish texts of entries are for Fortnox."""
    paths = [path for name in FINDINGS for path in (ROOT / "proof" / "sql").glob(name)]
    paths += (ROOT / "ledger" / "sql").glob("*.sql")
    return {text for path in paths for text in literals(path.read_text("utf-8")) if text not in WORDS["sv"]}


NOT_SAID = {
    "outside EU": "a region of the rules",
    "Makulerad faktura": "Swedish already, as are the texts below: they are written to Fortnox",
    "kom tillbaka": "a payout's text",
    "till kundens tillgodohavande": "a credit's text",
    "till banken": "a payout's text",
    "till kurs": "a revaluation's text",
}
"""Texts of SQL that no person reads."""


def test_whatever_the_findings_and_the_ledger_say_has_its_swedish() -> None:
    known = [BRACES.sub("\0", english) for english, _ in pairs()]
    missing = {text for text in said_by_sql() - NOT_SAID.keys() if not any(text in each for each in known)}
    assert missing == set(), HOW


def test_every_kind_of_finding_is_a_word() -> None:
    kinds = set()
    for name in FINDINGS:
        for path in (ROOT / "proof" / "sql").glob(name):
            sql = path.read_text("utf-8")
            kinds |= set(re.findall(r"'([^']+)'\s+AS kind", sql))
            for case in re.findall(r"CASE((?:(?!CASE).)*?)END\s+AS kind", sql, re.DOTALL):
                kinds |= set(re.findall(r"(?:THEN|ELSE) '([^']+)'", case))
    assert len(kinds) > 40 and kinds - WORDS["sv"].keys() == set()


def constants(node: ast.AST) -> Iterator[str]:
    """The texts of an argument, its pieces where something is put in."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def test_whatever_delivery_holds_says_why_in_swedish_too() -> None:
    known = [BRACES.sub("\0", english) for english, _ in pairs()]
    said = set()
    for path in (ROOT / "delivery").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and (getattr(node.func, "id", None) or getattr(node.func, "attr", "")) in HOLDING
            ):
                said |= {text.strip() for argument in node.args for text in constants(argument)}
            if isinstance(node, ast.Assign) and any(REMEDY.search(getattr(each, "id", "")) for each in node.targets):
                said |= {text.strip() for text in constants(node.value)}
    said.discard("Value error,")  # how a refusal of pydantic begins, which is cut off
    sentences = {text for text in said if re.search(r"[a-z]{2,} [a-z]{2,}", text)}
    assert len(sentences) > 30
    assert {text for text in sentences if not any(text in each for each in known)} == set(), HOW


@pytest.mark.parametrize(
    ("english", "swedish"),
    [
        (
            "voucher S 3 of 2026 of 2026-03-02 (Stripe avgifter of May) repeats voucher S 1 of 2026",
            "verifikation S 3 år 2026 från 2026-03-02 (Stripe avgifter of May) upprepar verifikation S 1 år 2026",
        ),
        (
            "payment txn_1:payment of 2026-03-03 is held: Waits for customer:cus_1: Account 1686 is not active in "
            "Fortnox's financial year 2026-01-01…2026-12-31.",
            "betalning txn_1:payment från 2026-03-03, väntar: Väntar på customer:cus_1: Konto 1686 är inte aktivt i "
            "Fortnox räkenskapsår 2026-01-01…2026-12-31.",
        ),
        (
            "Stripe charged 12.50 kronor VAT more than is due; Stripe charged Swedish VAT on a sale that needs none",
            "Stripe tog ut 12,50 kronor för mycket i moms; "
            "Stripe tog ut svensk moms på en försäljning som inte ska ha någon",
        ),
        (
            "fee txn_1:fee of 2026-03-03 is waiting: Waits for invoice:ch_1, which is not in Fortnox.",
            "avgift txn_1:fee från 2026-03-03, väntar: Väntar på invoice:ch_1, som inte finns i Fortnox.",
        ),
        ("is held: by the police", "is held: by the police"),
        ("Gift card; of the year", "Gift card; of the year"),
    ],
    ids=["labels", "a reason in a reason", "two in a row", "a state", "a customer's text", "another"],
)  # fmt: skip
def test_what_stands_in_a_sentence_is_said_in_swedish_too(english: str, swedish: str) -> None:
    assert in_swedish(english) == swedish


def test_why_fortnox_refused_is_said_by_its_code() -> None:
    known = error_codes.known()[2000637]
    said = in_swedish(f"Fortnox refused it [2000637]: Kundnummer används redan. {known.cause_en}")
    assert said == f"Fortnox tog inte emot det [2000637]: Kundnummer används redan. {known.cause_sv}"
    assert in_swedish(known.remedy_en) == known.remedy_sv
