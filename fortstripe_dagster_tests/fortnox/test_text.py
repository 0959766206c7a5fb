"""Texts as Fortnox takes them: whatever comes in, what goes out is lawful."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fortstripe_dagster.fortnox import clean, is_legal

SIGNS = r"’\\̈̊0-9 –:.`´,;^¤#%§£$€¢¥©™°&/()=+\-*_!?²³®½@" + "\u00a0\n\r"
FORTNOX_CLASS = re.compile(f"[{SIGNS}]*")
"""Fortnox's own expression, its class of letters aside (Python has none); letters are taken out before it is asked."""

ANY_TEXT = st.text(st.characters(categories=None))


def taken_by_fortnox(text: str) -> bool:
    return FORTNOX_CLASS.fullmatch("".join(c for c in text if not unicodedata.category(c).startswith("L"))) is not None


@given(ANY_TEXT, st.integers(1, 80), st.booleans())
@example("a\u200b\u0308", 80, False)
@example("Å\u030a\ud800 \u2028x", 80, True)
@example("e\u0327\u0301\u0308", 80, False)
def test_what_comes_out_is_lawful_short_enough_and_stays_as_it_is(text: str, length: int, lines: bool) -> None:
    cleaned = clean(text, length, lines=lines)
    assert taken_by_fortnox(cleaned) and is_legal(cleaned)
    assert len(cleaned) <= length
    assert cleaned == cleaned.strip() and "  " not in cleaned and "\r" not in cleaned
    assert lines or "\n" not in cleaned
    assert clean(cleaned, length, lines=lines) == cleaned


@given(ANY_TEXT)
def test_is_legal_is_fortnox_own_class(text: str) -> None:
    assert is_legal(text) == taken_by_fortnox(text)


@given(st.text(st.sampled_from("abcåäöÅÄÖéß漢字Жλ0123456789 –:.,;()/+-*!?&%€$@_"), max_size=40))
def test_a_lawful_text_changes_in_its_spaces_only(text: str) -> None:
    assert clean(text, 100) == " ".join(text.split())


@given(ANY_TEXT)
def test_a_mandatory_text_is_never_empty(text: str) -> None:
    assert clean(text, 20, empty="–")


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("T-shirt \"Blå\" 'M'", "T-shirt ’Blå’ ’M’"),
        ("<b>Rea</b> {2} [x]", "(b)Rea(/b) (2) (x)"),
        ("a — b – c - d", "a – b – c - d"),
        ("• punkt … slut", "- punkt ... slut"),
        ("Tack! 🎉❤️", "Tack!"),
        ("10 × 5 ≈ 50 | ~", "10 x 5 - 50 / -"),
        ("₹100 ¿qué?", "INR100 ?qué?"),
        ("rad 1\r\n\r\nrad\t2 ", "rad 1 rad 2"),
        ("Ａ①㎏", "Ａ1kg"),
        ("٣ år", "3 år"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("📦", ""),
    ],
)
def test_a_reader_still_sees_what_was_meant(given_text: str, wanted: str) -> None:
    assert clean(given_text, 100) == wanted


def test_lines_are_kept_where_they_mean_something() -> None:
    assert clean(" rad 1 \r\n\r\n\n rad\u2028 2", 100, lines=True) == "rad 1\nrad\n2"


def test_a_long_text_is_cut_without_a_space_at_its_end() -> None:
    assert clean("abc def", 4) == "abc"
