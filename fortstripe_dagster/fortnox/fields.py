"""The kinds of field that Fortnox's records are made of, and how each is spelt there.

Two kinds of text: prose is made lawful and cut to length, for a name with an emoji in it must not stop a payment from
being booked; a code, number, reference or address is taken as it is or refused, for a changed one points elsewhere.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from .text import clean, is_legal

_CAPITALS = {"vat", "ocr", "eu", "ean", "gln", "www", "cc", "bcc"}


def api_name(name: str) -> str:
    """Fortnox's spelling of a Python name: invoice_date is InvoiceDate, vat_included VATIncluded."""
    return "".join(word.upper() if word in _CAPITALS else word.capitalize() for word in name.split("_"))


def prose(max_length: int, *, lines: bool = False, empty: str = "") -> BeforeValidator:
    """Text for people. Nothing left of it is None, or `empty` where a text is mandatory."""

    def lawful(value: object) -> object:
        return (clean(value, max_length, lines=lines, empty=empty) or None) if isinstance(value, str) else value

    return BeforeValidator(lawful)


def exact(max_length: int, pattern: str = "", what: str = "") -> AfterValidator:
    """Text that is taken as it is or refused: at most `max_length` lawful characters, in the form of `pattern`."""

    def unchanged(value: str | None) -> str | None:
        if value is None:
            return None
        if not value.strip() or len(value) > max_length:
            raise ValueError(f"must have 1 to {max_length} characters")
        if not is_legal(value):
            raise ValueError("holds a character that Fortnox does not take")
        if pattern and not re.fullmatch(pattern, value):
            raise ValueError(f"must be {what}")
        return value

    return AfterValidator(unchanged)


def _no_float(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("must be Decimal or int, never float")
    return value


def _whole_if_it_is(value: Decimal | None) -> Decimal | int | None:
    # VAT is an integer in the official schema, yet 25.5 is taken: only a true fraction is written as one.
    return int(value) if value is not None and value == value.to_integral_value() else value


def _as_text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


Line10 = Annotated[str | None, prose(10)]
Line50 = Annotated[str | None, prose(50)]
Line75 = Annotated[str | None, prose(75)]
Line100 = Annotated[str | None, prose(100)]
Line128 = Annotated[str | None, prose(128)]
Line200 = Annotated[str | None, prose(200)]
Line255 = Annotated[str | None, prose(255)]
Line1024 = Annotated[str | None, prose(1024)]
Lines1000 = Annotated[str | None, prose(1000, lines=True)]
Lines1024 = Annotated[str | None, prose(1024, lines=True)]
Lines10000 = Annotated[str | None, prose(10000, lines=True)]
Mandatory200 = Annotated[str, prose(200, empty="–")]
Mandatory1024 = Annotated[str, prose(1024, empty="–")]

Reference80 = Annotated[str | None, exact(80)]
Code = Annotated[str | None, exact(1024)]
Email = Annotated[str | None, exact(1024, r"[^@\s]+@[^@\s]+\.[^@\s.]+", "an e-mail address")]
CustomerNumber = exact(1024, r"[A-Za-z0-9+/_-]+", "letters a-z, digits and - + / _ only")
ArticleNumber = Annotated[str | None, exact(50, r"[A-Za-z0-9+/._-]+", "letters a-z, digits and - + / . _ only")]
Digits = Annotated[str | None, exact(30, r"[0-9]+", "digits only")]
CountryCode = Annotated[str | None, exact(2, r"[A-Z]{2}", "two capital letters (ISO 3166-1)")]
CurrencyCode = Annotated[str | None, exact(3, r"[A-Z]{3}", "three capital letters (ISO 4217)")]
FourDigits = exact(4, r"[1-9][0-9]{3}", "an account of four digits")
SeriesCode = exact(10, r"[A-Za-z0-9]+", "letters a-z and digits only")

Account = Annotated[int, Field(ge=1000, le=9999)]
Amount = Annotated[Decimal, BeforeValidator(_no_float), Field(decimal_places=2)]
PositiveAmount = Annotated[Decimal, BeforeValidator(_no_float), Field(decimal_places=2, gt=0)]
AmountAsText = Annotated[Amount | None, PlainSerializer(_as_text)]
Quantity = Annotated[Decimal | None, BeforeValidator(_no_float), Field(decimal_places=2), PlainSerializer(_as_text)]
Rate = Annotated[Decimal, BeforeValidator(_no_float), Field(gt=0)]
Percent = Annotated[Decimal | None, BeforeValidator(_no_float), Field(ge=0, le=100), PlainSerializer(_whole_if_it_is)]
Day = Annotated[date, PlainSerializer(date.isoformat)]
