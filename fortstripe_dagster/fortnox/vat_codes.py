"""Fortnox's own VAT codes and the box of the Swedish VAT return that each fills: what Fortnox's VAT report goes by."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


def vat_box(code: str) -> str | None:
    """The box that an account with this VAT code is in; None for a code of the company's own, which tells nothing."""
    return _boxes().get(code.strip().upper())


@cache
def _boxes() -> dict[str, str]:
    text = files(__package__).joinpath("vat_codes.csv").read_text(encoding="utf-8")
    return {row["code"]: row["box"] for row in csv.DictReader(text.splitlines())}
