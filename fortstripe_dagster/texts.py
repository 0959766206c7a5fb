"""Texts from outside, made harmless for the place where a person reads them. What is stored stays as it was."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@")
"""How a text begins that a spreadsheet takes for a formula, spaces before it or not."""


def one_line(text: str) -> str:
    """The text without anything that moves the cursor: no line break, no tab, no escape sequence for a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def cell(text: str) -> str:
    """The text for a cell of a csv file: on one line, and never a formula."""
    shown = one_line(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
