"""Countries and VAT numbers as Fortnox knows them.

A customer has a country code, an invoice a country's name: Swedish or English, except that Sweden is only "Sverige".
"""

import csv
import re
from functools import cache
from importlib.resources import files

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal

_VAT_NUMBERS = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"(\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{10}\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{10}01",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
}
"""What follows the prefix in each member state's VAT number; EL is Greece, XI Northern Ireland."""


@cache
def _names() -> dict[str, tuple[str, str]]:
    text = files(__package__).joinpath("countries.csv").read_text("utf-8")
    return {row["code"]: (row["name"], row["swedish"]) for row in csv.DictReader(text.splitlines())}


@cache
def _accepted_names() -> frozenset[str]:
    return frozenset(name.casefold() for pair in _names().values() for name in pair if name)


def country_name(code: str) -> str:
    """The name Fortnox shows for a country code; refuses an unknown code."""
    if code not in _names():
        raise Refusal(refusals.INVALID_COUNTRY, f"Ogiltig landskod: {code.upper()}")
    english, swedish = _names()[code]
    return english or swedish


def check_country_name(name: str) -> None:
    """Refuses a name that is not a country's, such as a code, or "Sweden"."""
    if name.casefold() not in _accepted_names():
        raise Refusal(refusals.INVALID_COUNTRY, f"Ogiltigt land: {name}")


def check_vat_number(number: str) -> None:
    """Refuses a VAT number that lacks a country prefix or breaks the format of its EU member state."""
    compact = number.replace(" ", "").upper()
    pattern = _VAT_NUMBERS.get(compact[:2], r"[A-Z0-9]{2,15}")
    if not compact[:2].isalpha() or not re.fullmatch(pattern, compact[2:], re.ASCII):
        raise Refusal(refusals.INVALID_VAT_NUMBER, number)
