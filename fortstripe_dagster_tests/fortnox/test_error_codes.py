"""Every refusal that is known has a cause and a remedy, in both languages."""

from __future__ import annotations

import json

import pytest

from fortstripe_dagster.fortnox import Refused, remedy
from fortstripe_dagster.fortnox.error_codes import known

from .conftest import SPECS


@pytest.mark.skipif(not SPECS.is_dir(), reason="the list of codes is not here")
def test_every_known_code_has_a_remedy() -> None:
    codes = {row["code"] for row in json.loads((SPECS / "fortnox-error-codes.json").read_text())}
    assert codes and codes == set(known())


@pytest.mark.parametrize("code", known())
def test_a_remedy_is_a_sentence_in_both_languages(code: int) -> None:
    found = remedy(code)
    assert found is not None and found.code == code
    for sentence in (found.cause_en, found.remedy_en, found.cause_sv, found.remedy_sv):
        assert sentence[0].isupper() and sentence.endswith(".") and len(sentence) > 10
    assert found.cause_en != found.cause_sv and found.remedy_en != found.remedy_sv


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("Verifikationsserien är inte manuell", "vouchers from outside"),
        ("Ogiltig verifikationsserie", "does not exist in this financial year"),
        ("Kunde inte hämta/hitta moms", "VAT rate"),
        ("OCR-numret används redan", "OCR"),
        ("Ogiltig landskod: SVERIGE", "country code"),
        ('Inköpskonto inte uppdaterat. Kontot "4000" existerar inte', "account"),
    ],
)
def test_a_refusal_without_known_code_is_recognised_by_its_words(message: str, word: str) -> None:
    found = remedy(None, message)
    assert found is not None and word in found.cause_en
    assert remedy(999, message) == found


def test_the_code_counts_before_the_words() -> None:
    found = remedy(2000401, "Ogiltig verifikationsserie")
    assert found is not None and found.code == 2000401


def test_what_nobody_knows_has_no_remedy() -> None:
    assert remedy(999, "Något nytt") is None
    error = Refused("POST", "/3/invoices", "Något nytt", status=400, code=999)
    assert str(error) == "POST /3/invoices (400): Fortnox refused [999]: Något nytt."
