"""Registers: records kept under a code or number, such as customers, articles, currencies, modes and terms of payment.

A register knows how records are created, changed and removed; what the values must mean is checked by who owns it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.schema import BLANK, Fields

Clock = Callable[[], datetime]


@dataclass
class Record:
    """One record: its fields as a client knows them, and when it was made and last changed."""

    key: str
    fields: Fields
    created: datetime
    modified: datetime

    def __getitem__(self, name: str) -> Any:
        return self.fields.get(name)


def merge(fields: Fields, changes: Fields) -> Fields:
    """The fields with the changes laid over: API_BLANK empties a field, nested objects are merged, others replaced."""
    result = dict(fields)
    for name, value in changes.items():
        if value is BLANK:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merge(result.get(name, {}), value)
        else:
            result[name] = value
    return result


class Register:
    """Records of one kind under their key. With `numbered`, one created without a key gets the next free number."""

    def __init__(
        self,
        key: str,
        clock: Clock,
        *,
        missing: int = refusals.NOT_FOUND,
        used: int = refusals.NUMBER_USED,
        numbered: bool = False,
    ) -> None:
        self.key = key
        self.records: dict[str, Record] = {}
        self._clock = clock
        self._missing = missing
        self._used = used
        self._numbered = numbered
        self._next = 1
        self._reserved: set[str] = set()

    def get(self, key: str) -> Record:
        """The record, or the 404 of its kind."""
        if key not in self.records:
            raise not_found(self._missing)
        return self.records[key]

    def __contains__(self, key: object) -> bool:
        return key in self.records

    def create(self, fields: Fields) -> Record:
        """Adds a record; refuses a key that is taken or was taken by a record since deleted."""
        fields = merge({}, fields)
        key = str(fields[self.key]) if self.key in fields or not self._numbered else self._next_free()
        if key in self.records or key in self._reserved:
            raise Refusal(
                self._used, f"{key} har redan använts" + (" men blivit raderat" if key in self._reserved else "")
            )
        now = self._clock()
        self.records[key] = Record(key, fields | {self.key: key}, now, now)
        return self.records[key]

    def update(self, key: str, changes: Fields) -> Record:
        """Lays the changes over a record; its key stays what it was."""
        record = self.get(key)
        record.fields = merge(record.fields, changes) | {self.key: record.key}
        record.modified = self._clock()
        return record

    def delete(self, key: str) -> None:
        """Removes a record; its key stays reserved."""
        self.get(key)
        del self.records[key]
        self._reserved.add(key)

    def _next_free(self) -> str:
        while (key := str(self._next)) in self.records or key in self._reserved:
            self._next += 1
        return key


def _filled(register: Register, rows: list[Fields]) -> Register:
    for row in rows:
        register.create(row)
    return register


def currencies(company: Company, clock: Clock) -> Register:
    """The currencies the company has registered."""
    rows: list[Fields] = [
        {"Code": c.code, "Description": c.description, "BuyRate": c.buy_rate, "SellRate": c.sell_rate, "Unit": c.unit}
        for c in company.currencies
    ]
    return _filled(Register("Code", clock, missing=refusals.CURRENCY_NOT_FOUND), rows)


def modes_of_payment(company: Company, clock: Clock) -> Register:
    """The modes of payment and the account each is posted to."""
    rows: list[Fields] = [
        {"Code": code, "Description": description, "AccountNumber": str(account)}
        for code, (description, account) in company.modes_of_payment.items()
    ]
    return _filled(Register("Code", clock), rows)


def terms_of_payment(clock: Clock) -> Register:
    """The terms of payment a new company has. A code of digits is a number of days."""
    rows: list[Fields] = [{"Code": days, "Description": f"{days} dagar"} for days in ("0", "10", "15", "20", "30")]
    rows += [
        {"Code": "AG", "Description": "Autogiro"},
        {"Code": "K", "Description": "Kontant"},
        {"Code": "PF", "Description": "Postförskott"},
    ]
    return _filled(Register("Code", clock, missing=refusals.TERMS_OF_PAYMENT_NOT_FOUND), rows)
