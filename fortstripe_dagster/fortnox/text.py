"""Texts that Fortnox takes: letters of any script, digits and a closed list of signs. Anything else is error 2000359.

Pure. A character outside the list becomes the nearest lawful one, so that a reader still sees what was meant; only what
has no likeness in plain text (emoji, control characters, marks that no letter carries any more) leaves nothing behind.
"""

from __future__ import annotations

import re
import unicodedata

LEGAL_SIGNS = frozenset(" –:.`´’,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\\\u0308\u030a\u00a0\n\r0123456789")
"""What is lawful beside letters (Unicode category L), by Fortnox's page on formats and encoding."""

_LIKENESS = str.maketrans(
    {
        **dict.fromkeys("'\"“”„‟‘‚‛‹›«»′″‵‶", "’"),
        **dict.fromkeys("<[{⟨〈《「『【", "("),
        **dict.fromkeys(">]}⟩〉》」』】", ")"),
        **dict.fromkeys("—―‒⸺⸻", "–"),
        **dict.fromkeys("•·‣◦▪▸►●○■∙→⇒➔➜~≈−", "-"),
        **dict.fromkeys("|¦⁄∕÷", "/"),
        **dict.fromkeys("¡", "!"),
        **dict.fromkeys("¿", "?"),
        **dict.fromkeys("±", "+/-"),
        **dict.fromkeys("×✕✖", "x"),
        **dict.fromkeys("…", "..."),
        **dict.fromkeys("‰", " promille"),
        **dict.fromkeys("№", "nr "),
        **dict.fromkeys("\v\f\x85\u2028\u2029", "\n"),
        **dict.fromkeys("¶", " "),
        **dict.fromkeys("₿", "BTC"),
        **dict.fromkeys("₹", "INR"),
        **dict.fromkeys("₽", "RUB"),
        **dict.fromkeys("₩", "KRW"),
        **dict.fromkeys("₪", "ILS"),
        **dict.fromkeys("₺", "TRY"),
        **dict.fromkeys("₴", "UAH"),
        **dict.fromkeys("₫", "VND"),
        **dict.fromkeys("₱", "PHP"),
        **dict.fromkeys("฿", "THB"),
    }
)

_BY_CATEGORY = {
    "Pd": "-",
    "Ps": "(",
    "Pe": ")",
    "Pi": "’",
    "Pf": "’",
    "Pc": "_",
    "Po": "-",
    "Sc": "¤",
    "Sm": "-",
}
"""The last resort: a sign becomes the plain one of its kind. Categories that are missing here leave nothing behind."""


def is_legal(text: str) -> bool:
    """Whether Fortnox takes every character of the text."""
    return all(_legal(character) for character in text)


def clean(text: str, max_length: int, *, lines: bool = False, empty: str = "") -> str:
    """The text as Fortnox takes it: lawful characters, one space between words, none around, at most `max_length`.

    Line breaks become spaces unless `lines`. `empty` is returned where nothing remains: give it for a mandatory text.
    Cleaning what is clean changes nothing.
    """
    composed = unicodedata.normalize("NFC", text).translate(_LIKENESS)
    # Composed again: what is left out may have stood between a letter and its mark.
    legal = unicodedata.normalize("NFC", "".join(map(_nearest, composed)))
    breaks = re.split(r"[\r\n]+", legal) if lines else [legal]
    words = "\n".join(filter(None, (" ".join(line.split()) for line in breaks)))
    return words[:max_length].strip() or empty


def _legal(character: str) -> bool:
    return character in LEGAL_SIGNS or unicodedata.category(character).startswith("L")


def _nearest(character: str) -> str:
    if _legal(character):
        return character
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", character).translate(_LIKENESS)
    if plain != character and is_legal(plain):
        return plain
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return _BY_CATEGORY.get(unicodedata.category(character), "")
