"""A reader of SIE 4: what a general ledger (huvudbok) holds, as Fortnox exports it.

Amounts are kronor as Decimal, debit positive and credit negative. Labels that are not needed here are skipped, as the
standard asks of readers; a line that is needed and cannot be understood raises SieError with its number, and so does a
voucher that does not balance: from such a file nothing can be proven.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .sie_lines import Checksum, Line, SieError, read_lines

__all__ = ["FinancialYear", "Sie", "SieError", "SieTransaction", "SieVoucher", "parse"]

Balances = dict[tuple[int, int], Decimal]
"""Amounts by (year, account); year 0 is the file's own, -1 the one before."""


Day = date
"""`date` where a field has that name."""


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """A financial year (räkenskapsår), both days included; it need not be a calendar year."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class SieTransaction:
    """A row of a voucher. `date` is None unless the row has its own; `objects` maps dimension to object."""

    account: int
    amount: Decimal
    date: date | None = None
    text: str = ""
    quantity: Decimal | None = None
    objects: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SieVoucher:
    """A voucher (verifikation). `transactions` are the rows in force; `added` and `removed` tell of later changes.

    A row in `added` stands in `transactions` too, one in `removed` does not. `number` is None if the file gives none.
    `registered` is when and `signed` by whom it was entered, where the file says so.
    """

    series: str
    number: int | None
    date: date
    text: str
    transactions: tuple[SieTransaction, ...]
    added: tuple[SieTransaction, ...]
    removed: tuple[SieTransaction, ...]
    line: int
    registered: Day | None
    signed: str


@dataclass(frozen=True)
class Sie:
    """What the file says. `dimensions` names them by number, `objects` by (dimension, object)."""

    program: str
    generated: date | None
    company: str
    organisation_number: str
    currency: str
    years: dict[int, FinancialYear]
    accounts: dict[int, str]
    dimensions: dict[str, str]
    objects: dict[tuple[str, str], str]
    opening: Balances
    closing: Balances
    results: Balances
    vouchers: tuple[SieVoucher, ...]
    checksum_verified: bool


def parse(data: bytes) -> Sie:
    """Read the bytes of a SIE file. Raises SieError, naming the line, if they cannot be trusted."""
    reader, checksum, last = _Reader(), Checksum(), 0
    for line in read_lines(data):
        checksum.add(line)
        reader.take(line)
        last = line.number
    if not last:
        raise SieError(1, "the file is empty; fetch it again")
    checksum.end(last)
    return reader.result(last, checksum.verified)


class _OpenVoucher:
    """A voucher that is being read: its #VER line, and the rows since the brace."""

    def __init__(self, line: Line) -> None:
        self.line = line.number
        self.series = _text(line, 0)
        self.number = int(_text(line, 1)) if _matches(line, 1, r"\d+", "a voucher number", optional=True) else None
        self.date = _day(line, 2)
        self.text = _text(line, 3)
        self.registered = _day(line, 4) if _text(line, 4) else None
        self.signed = _text(line, 5)
        self.begun = False
        self.rows: dict[str, list[SieTransaction]] = {"#TRANS": [], "#RTRANS": [], "#BTRANS": []}

    def closed(self) -> SieVoucher:
        rows = {label: tuple(found) for label, found in self.rows.items()}
        if total := sum((row.amount for row in rows["#TRANS"]), Decimal(0)):
            raise SieError(self.line, f"voucher {self.series} {self.number} does not balance: its rows sum to {total}")
        return SieVoucher(
            self.series, self.number, self.date, self.text, rows["#TRANS"], rows["#RTRANS"], rows["#BTRANS"], self.line,
            self.registered, self.signed,
        )  # fmt: skip


class _Reader:
    """What has been read so far, and what each label adds to it."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._generated: date | None = None
        self._years: dict[int, FinancialYear] = {}
        self._accounts: dict[int, str] = {}
        self._dimensions: dict[str, str] = {}
        self._objects: dict[tuple[str, str], str] = {}
        self._balances: dict[str, Balances] = {"#IB": {}, "#UB": {}, "#RES": {}}
        self._vouchers: list[SieVoucher] = []
        self._open: _OpenVoucher | None = None

    def take(self, line: Line) -> None:
        """Add what the line says."""
        if self._open is not None:
            self._in_voucher(line, self._open)
        elif line.label == "#VER":
            self._open = _OpenVoucher(line)
        elif not line.label.startswith("#"):
            raise SieError(line.number, f"begins with {line.label!r}, which is neither a label nor part of a voucher")
        else:
            self._outside(line)

    def result(self, last: int, checksum_verified: bool) -> Sie:
        """All that was read. Raises SieError if the file stopped within a voucher."""
        if self._open is not None:
            raise SieError(last, f"the file ends within the voucher of line {self._open.line}: it was cut")
        return Sie(
            program=self._words.get("#PROGRAM", ""),
            generated=self._generated,
            company=self._words.get("#FNAMN", ""),
            organisation_number=self._words.get("#ORGNR", ""),
            currency=self._words.get("#VALUTA", "") or "SEK",
            years=self._years,
            accounts=self._accounts,
            dimensions=self._dimensions,
            objects=self._objects,
            opening=self._balances["#IB"],
            closing=self._balances["#UB"],
            results=self._balances["#RES"],
            vouchers=tuple(self._vouchers),
            checksum_verified=checksum_verified,
        )

    def _outside(self, line: Line) -> None:
        match line.label:
            case "#PROGRAM" | "#FNAMN" | "#ORGNR" | "#VALUTA":
                self._words[line.label] = _text(line, 0)
            case "#FORMAT":
                _matches(line, 0, "PC8", "PC8, the only character set of SIE 4")
            case "#GEN":
                self._generated = _day(line, 0)
            case "#RAR":
                self._years[_year(line, 0)] = FinancialYear(_day(line, 1), _day(line, 2))
            case "#KONTO":
                self._accounts[_account(line, 0)] = _text(line, 1)
            case "#DIM" | "#UNDERDIM":
                self._dimensions[_text(line, 0)] = _text(line, 1)
            case "#OBJEKT":
                self._objects[_text(line, 0), _text(line, 1)] = _text(line, 2)
            case "#IB" | "#UB" | "#RES":
                self._balance(line)
            case "#TRANS" | "#RTRANS" | "#BTRANS":
                raise SieError(line.number, f"{line.label} outside a voucher")

    def _balance(self, line: Line) -> None:
        balances, key = self._balances[line.label], (_year(line, 0), _account(line, 1))
        if key in balances:
            raise SieError(line.number, f"{line.label} of account {key[1]} in year {key[0]} stands here a second time")
        balances[key] = _amount(line, 2)

    def _in_voucher(self, line: Line, voucher: _OpenVoucher) -> None:
        if line.label == "{" and not voucher.begun:
            voucher.begun = True
        elif line.label == "}" and voucher.begun:
            self._vouchers.append(voucher.closed())
            self._open = None
        elif line.label == "#VER" or not voucher.begun or not line.label.startswith("#"):
            raise SieError(line.number, f"{line.label} within the voucher of line {voucher.line}, which has not ended")
        elif line.label in voucher.rows:
            voucher.rows[line.label].append(_transaction(line))


def _transaction(line: Line) -> SieTransaction:
    objects = line.fields[1] if len(line.fields) > 1 else ()
    if not isinstance(objects, tuple) or len(objects) % 2:
        raise SieError(
            line.number, f"{line.label} needs a list of dimensions and objects in braces as its second field"
        )
    return SieTransaction(
        account=_account(line, 0),
        amount=_amount(line, 2),
        date=_day(line, 3) if _text(line, 3) else None,
        text=_text(line, 4),
        quantity=_amount(line, 5) if _text(line, 5) else None,
        objects=dict(zip(objects[::2], objects[1::2], strict=True)),
    )


def _text(line: Line, index: int) -> str:
    """A field as text, "" where the line ends before it."""
    value = line.fields[index] if index < len(line.fields) else ""
    if isinstance(value, tuple):
        raise SieError(line.number, f"field {index + 1} of {line.label} is an object list where a value should be")
    return value


def _matches(line: Line, index: int, pattern: str, what: str, *, optional: bool = False) -> bool:
    """Whether the field is there. Raises SieError if it is not of the pattern, or is missing and not `optional`."""
    value = _text(line, index)
    if optional and not value:
        return False
    if not re.fullmatch(pattern, value, re.ASCII):
        raise SieError(line.number, f"field {index + 1} of {line.label} is {value!r}, not {what}")
    return True


def _account(line: Line, index: int) -> int:
    _matches(line, index, r"\d+", "an account number")
    return int(_text(line, index))


def _year(line: Line, index: int) -> int:
    _matches(line, index, r"-?\d+", "the number of a financial year (0, -1, …)")
    return int(_text(line, index))


def _amount(line: Line, index: int) -> Decimal:
    _matches(line, index, r"-?(\d+\.?\d*|\.\d+)", "an amount such as -1234.50")
    return Decimal(_text(line, index))


def _day(line: Line, index: int) -> date:
    _matches(line, index, r"\d{8}", "a day as YYYYMMDD")
    value = _text(line, index)
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise SieError(line.number, f"field {index + 1} of {line.label} is {value!r}, which is no day") from None
