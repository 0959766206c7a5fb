"""Organisation numbers and VAT numbers in the form that Fortnox takes, or none.

Pure. Fortnox refuses a customer whose number is malformed, and a customer with an old bad one refuses every later
change: a number that cannot be right is better left out, and told, than sent.
"""

from __future__ import annotations

import re

_VAT_FORMS = {
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
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{10}01",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
}
"""The national part of a VAT number, by the country's prefix in VIES (Greece is EL, Northern Ireland XI)."""


def organisation_number(text: str) -> str | None:
    """A Swedish organisation or personal number as NNNNNN-NNNN, None if its check digit or length is wrong.

    Twelve digits, with a century (19, 20) or the 16 that authorities put before a company's, mean the last ten.
    """
    digits = re.sub(r"[\s+-]", "", text)
    if re.fullmatch(r"(16|18|19|20)\d{10}", digits, re.ASCII):
        digits = digits[2:]
    if not re.fullmatch(r"\d{10}", digits, re.ASCII) or _luhn(digits) % 10:
        return None
    return f"{digits[:6]}-{digits[6:]}"


def vat_number(text: str) -> str | None:
    """A VAT number of the EU with its prefix and nothing between, None if it cannot be one.

    A Swedish organisation number alone becomes SE + ten digits + 01. Only the form is checked, not that it is in use.
    """
    compact = re.sub(r"[\s.-]", "", text).upper()
    if own := organisation_number(compact):
        compact = f"SE{own.replace('-', '')}01"
    prefix, national = compact[:2], compact[2:]
    prefix = {"GR": "EL"}.get(prefix, prefix)
    form = _VAT_FORMS.get(prefix)
    if form is None or not re.fullmatch(form, national, re.ASCII):
        return None
    if prefix == "SE" and organisation_number(national[:10]) is None:
        return None
    return prefix + national


def _luhn(digits: str) -> int:
    """The sum whose last digit is 0 where the check digit is right."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return sum(number // 10 + number % 10 for number in doubled)
