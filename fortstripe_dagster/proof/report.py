"""What a proof found, as values: equations, items, the three-way line for each currency; and as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import DONE, FAILED, HELD
from fortstripe_dagster.proof.drift import Drift
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.speech import ENGLISH, Speech
from fortstripe_dagster.proof.trial_balance import TrialBalanceLine
from fortstripe_dagster.proof.vat_return import VatBox

Status = Literal["ok", "explained", "alarm"]
Severity = Literal["alarm", "waits", "info"]
SHOWN = 25
"""Items of each severity that fit on a terminal."""


@dataclass(frozen=True)
class Equation:
    """One equation at the last day, with the worst status of all the days and the first day that was not ok."""

    equation: str
    balance_type: str
    currency: str
    account: str
    left_side: Decimal
    right_side: Decimal
    difference: Decimal
    explained: Decimal
    status: Status
    first_bad_day: date | None

    @property
    def title(self) -> str:
        """The heading, with what the row is about."""
        about = " ".join(part for part in (self.balance_type, self.currency, self.account) if part)
        return f"{EQUATIONS[self.equation].english}{f' ({about})' if about else ''}"


@dataclass(frozen=True)
class Item:
    """Something that explains a difference, waits for a person, or is an alarm; `last_day` None: it lasts."""

    equations: tuple[str, ...]
    kind: str
    id: str
    amount: Decimal
    currency: str
    severity: Severity
    text: str
    remedy: str
    first_day: date
    last_day: date | None

    @property
    def equation(self) -> str:
        """The first equation it shows in."""
        return self.equations[0]

    @property
    def explained(self) -> bool:
        """Whether it is anything but an alarm."""
        return self.severity != "alarm"


@dataclass(frozen=True)
class TieOut:
    """Stripe = ledger = Fortnox for one currency on the last day: units of the currency, and kronor."""

    currency: str
    stripe: Decimal
    ledger: Decimal
    ledger_sek: Decimal
    fortnox_sek: Decimal
    explained: bool

    @property
    def difference(self) -> Decimal:
        """How far apart the three are: in the currency or, where Stripe and the ledger agree, in kronor."""
        return (self.stripe - self.ledger) or (self.ledger_sek - self.fortnox_sek)

    def line(self) -> str:
        """`SEK: Stripe 1 234.00 = ledger 1 234.00 = Fortnox 1 234.00, difference 0.00`."""
        in_kronor = "" if self.currency == "SEK" else f" ({ENGLISH.money(self.ledger_sek)} SEK)"
        kronor = "" if self.currency == "SEK" else " SEK"
        explained = ", all of it explained" if self.difference and self.explained else ""
        first = "=" if self.stripe == self.ledger else "≠"
        second = "=" if self.ledger_sek == self.fortnox_sek else "≠"
        return (
            f"{self.currency}: Stripe {ENGLISH.money(self.stripe, self.currency)} {first} ledger "
            f"{ENGLISH.money(self.ledger, self.currency)}{in_kronor} {second} "
            f"Fortnox {ENGLISH.money(self.fortnox_sek)}{kronor}, difference {ENGLISH.money(self.difference)}{explained}"
        )


@dataclass(frozen=True)
class ProofReport:
    """Everything one proof found."""

    days: Days
    run_id: str
    proven_at: datetime
    company: str
    equations: tuple[Equation, ...]
    items: tuple[Item, ...]
    tie_out: tuple[TieOut, ...]
    trial_balance: tuple[TrialBalanceLine, ...]
    documents: dict[str, int]
    drift: tuple[Drift, ...]
    vat: tuple[VatBox, ...]
    notes: tuple[str, ...]
    content_hash: str
    certificate_path: Path

    @property
    def alarms(self) -> tuple[Item, ...]:
        """What is wrong until somebody mends it."""
        return tuple(item for item in self.items if item.severity == "alarm")

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What is explained and waits for a person: held documents, manual vouchers, approvals."""
        return tuple(item for item in self.items if item.severity == "waits")

    @property
    def explained(self) -> tuple[Item, ...]:
        """All that is not an alarm."""
        return tuple(item for item in self.items if item.explained)

    @property
    def ok(self) -> bool:
        """Whether every equation holds or is explained by name."""
        return not self.alarms and all(equation.status != "alarm" for equation in self.equations)

    @property
    def exit_code(self) -> int:
        """0 proven, 1 an alarm, 3 proven but something waits for a person."""
        return FAILED if not self.ok else HELD if self.waiting else DONE

    def lines(self) -> list[str]:
        """One line for each currency."""
        return [each.line() for each in self.tie_out]

    def text(self) -> str:
        """The whole as a table for a terminal."""
        rows = [
            (
                each.equation,
                each.title,
                figure(each.left_side, each),
                figure(each.right_side, each),
                figure(each.difference, each),
                each.status,
            )
            for each in self.equations
        ]
        parts = [
            f"Proof of {self.days} for {self.company}: {self.verdict}",
            "\n".join(self.lines()),
            _table(("", "equation", "left", "right", "difference", "status"), rows),
        ]
        for heading, items in (("ALARMS", self.alarms), ("WAITS FOR A PERSON", self.waiting)):
            more = [f"  … and {len(items) - SHOWN} more in proof.items"] if len(items) > SHOWN else []
            parts += ["\n".join([f"{heading} ({len(items)})", *map(_told, items[:SHOWN]), *more])] if items else []
        told = len(self.explained) - len(self.waiting)
        if self.drift:
            parts.append(f"{_counted(len(self.drift), 'change', 'changes')} in Fortnox after delivery, in proof.drift")
        parts += ["\n".join(self.notes)] if self.notes else []
        parts.append(f"{told} more explained by name; certificate: {self.certificate_path}")
        return "\n\n".join(parts)

    @property
    def verdict(self) -> str:
        """The outcome in a few words."""
        if not self.ok:
            return f"NOT PROVEN, {_counted(len(self.alarms), 'alarm', 'alarms')}"
        waiting = _counted(len(self.waiting), "item waits", "items wait")
        return f"proven, {waiting} for a person" if self.waiting else "proven"

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`, with amounts and days as text."""
        left_out = {"company", "proven_at", "run_id", "content_hash", "days"}
        plain = {each.name: _plain(getattr(self, each.name)) for each in fields(self) if each.name not in left_out}
        return {"first_day": str(self.days.first), "last_day": str(self.days.last), "ok": self.ok, **plain}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        derived = {"difference": str(value.difference)} if isinstance(value, TieOut) else {}
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)} | derived
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return str(value) if isinstance(value, Decimal | date | Path) else value


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _told(item: Item) -> str:
    remedy = f"\n      {item.remedy}" if item.remedy else ""
    return f"  [{', '.join(item.equations)}] {item.kind}: {item.text}{remedy}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their heads; the figures, columns 2 to 4, to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (2, 3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    )


def figure(amount: Decimal, equation: Equation, speech: Speech = ENGLISH) -> str:
    """A side of an equation for people: money with the decimals of its currency, or a plain count."""
    if EQUATIONS[equation.equation].counts:
        return f"{int(amount):,}".replace(",", " ")
    return speech.money(amount, equation.currency if len(equation.currency) == 3 else "SEK")


def equations_of(connection: duckdb.DuckDBPyConnection, days: Days) -> tuple[Equation, ...]:
    """The equations of the days from proof.tie_out."""
    rows = connection.execute(
        """
        SELECT equation, balance_type, currency, account,
               max_by(left_side, day), max_by(right_side, day), max_by(difference, day), max_by(explained, day),
               CASE max(CASE status WHEN 'alarm' THEN 2 WHEN 'explained' THEN 1 ELSE 0 END)
                    WHEN 2 THEN 'alarm' WHEN 1 THEN 'explained' ELSE 'ok' END,
               min(day) FILTER (status <> 'ok')
        FROM proof.tie_out
        WHERE equation = '4b' OR day BETWEEN ? AND ?
        GROUP BY equation, balance_type, currency, account
        ORDER BY regexp_extract(equation, '^[0-9]+')::INTEGER, equation, balance_type, currency, account
        """,
        [days.first, days.last],
    ).fetchall()
    return tuple(Equation(*row) for row in rows)


def items_of(connection: duckdb.DuckDBPyConnection, days: Days) -> tuple[Item, ...]:
    """The findings of the days from proof.items, each once: alarms first, then what waits, then what only tells."""
    rows = connection.execute(
        """
        SELECT list(DISTINCT equation ORDER BY equation), kind, id, min_by(amount, (equation, account)),
               min_by(currency, (equation, account)), severity, min_by(text, (equation, account)),
               min_by(remedy, (equation, account)), min(first_day), max(last_day) FILTER (last_day IS NOT NULL)
        FROM proof.items
        WHERE equation = '4b' OR day BETWEEN ? AND ?
        GROUP BY kind, id, severity
        ORDER BY CASE severity WHEN 'alarm' THEN 0 WHEN 'waits' THEN 1 ELSE 2 END, min(first_day), min(equation), id
        """,
        [days.first, days.last],
    ).fetchall()
    return tuple(Item(tuple(row[0]), *row[1:]) for row in rows)


def tie_out_of(equations: tuple[Equation, ...], clearing: dict[str, str]) -> tuple[TieOut, ...]:
    """The three-way line for each currency; `clearing` maps a currency to its account."""
    found = []
    for currency, account in sorted(clearing.items()):
        stripe = [each for each in equations if each.equation == "1" and each.currency == currency]
        books = [each for each in equations if each.equation == "2" and each.account == account]
        if stripe or books:
            zero = Decimal(0)
            found.append(
                TieOut(
                    currency,
                    sum((each.left_side for each in stripe), zero),
                    sum((each.right_side for each in stripe), zero),
                    sum((each.left_side for each in books), zero),
                    sum((each.right_side for each in books), zero),
                    all(each.status != "alarm" for each in (*stripe, *books)),
                )
            )
    return tuple(found)
