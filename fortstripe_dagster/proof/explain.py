"""From a row in Fortnox to the Stripe object behind it, and back: what was booked, by which rule, because of what.

Any name of either side is a way in. The answer depends on the warehouse alone, so that two people who ask see the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.proof.speech import Speech
from fortstripe_dagster.proof.words import WORDS, Language
from fortstripe_dagster.texts import one_line
from fortstripe_dagster.warehouse import Warehouse, has_table

SHOWN = 25
"""Entries written out; a day's account may hold thousands."""

SOURCES = {
    "payout": ("payouts", ("status", "arrival_date", "trace_id")),
    "refund": ("refunds", ("status", "reason")),
    "dispute": ("disputes", ("status", "reason")),
}
"""What an entry may be of besides a charge: its table, and what is said of it after the amount."""

_VOUCHER = re.compile(
    r"(?:voucher\s+|ver(?:ifikation)?\s+)?([A-ZÅÄÖ][A-ZÅÄÖ0-9]{0,9}?)[\s-]*(\d+)(?:\s*/\s*(\d{4}))?", re.I
)
_INVOICE = re.compile(r"(?:(?:invoice|faktura)\s+)?(\d+)", re.I)
_ACCOUNT_DAY = re.compile(r"(\d{4})\s*[@+ ]\s*(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Fact:
    """One thing on the way: what kind it is, its own id, what it says, and what stands below it."""

    kind: str
    id: str
    said: str
    below: tuple[Fact, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The fact and all below it."""
        return {"kind": self.kind, "id": self.id, "said": self.said, "below": [fact.as_json() for fact in self.below]}


@dataclass(frozen=True)
class Explanation:
    """The way from one name, as a tree: documents in Fortnox, their entries, and Stripe's objects below each."""

    asked: str
    facts: tuple[Fact, ...]
    entries: int
    language: Language = "en"

    def text(self) -> str:
        """The tree for a terminal."""
        lines = [f"{self.asked}: {self.entries} {WORDS[self.language]['entries']}"]

        def add(fact: Fact, depth: int) -> None:
            word = WORDS[self.language].get(fact.kind, fact.kind)
            lines.append(one_line("  " * depth + " ".join(part for part in (word, fact.id, fact.said) if part)))
            for below in fact.below:
                add(below, depth + 1)

        for fact in self.facts:
            add(fact, 1)
        if self.entries > SHOWN:
            lines.append(f"  … {self.entries - SHOWN} {WORDS[self.language]['more']}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The tree for machines."""
        return {"asked": self.asked, "entries": self.entries, "facts": [fact.as_json() for fact in self.facts]}


def explain(warehouse: Warehouse, name: str, language: Language = "en") -> Explanation:
    """What stands behind a name: a voucher (`S 12`), an invoice number, an account and day (`1686@2026-03-14`), a
    Stripe id, an entry or a document.

    Raises Failure when neither Stripe nor the ledger nor Fortnox's books as last read know the name.
    """
    with warehouse.writer() as connection:
        return explain_in(connection, name, language)


def explain_in(connection: duckdb.DuckDBPyConnection, name: str, language: Language = "en") -> Explanation:
    """The same, from an open connection."""
    asked = " ".join(name.split())
    entry_ids = _entries_of(connection, asked)
    if entry_ids:
        facts = _Teller(connection, language).tell(entry_ids[:SHOWN])
        return Explanation(asked, facts, len(entry_ids), language)
    stranger = _stranger(connection, asked)
    if stranger is None:
        raise Failure(
            f"Nothing is known of {asked!r}.",
            "name a voucher (S 12), an invoice number, an account and day (1686@2026-03-14) or a Stripe "
            "id of a day that was synced.",
        )
    return Explanation(asked, (stranger,), 0, language)


def _entries_of(connection: duckdb.DuckDBPyConnection, asked: str) -> list[str]:
    """The entries that a name leads to, in the order of the books."""
    known = _entries(
        connection,
        "? IN (entry_id, source, balance_transaction, charge, sale_id, credit_id)"
        " OR sale_id IN (SELECT sale_id FROM ledger.parties WHERE customer = ?)"
        " OR entry_id IN (SELECT unnest(entry_ids) FROM delivery.documents WHERE document_id = ?)",
        [asked, asked, asked],
    )
    if known:
        return known
    if found := _ACCOUNT_DAY.fullmatch(asked):
        account, day = found.groups()
        inside = "entry_id IN (SELECT entry_id FROM ledger.lines WHERE account = ? AND event_day = ?::DATE)"
        return _entries(connection, inside, [account, day])
    if found := _INVOICE.fullmatch(asked):
        return _in_documents(
            connection, "kind IN ('invoice', 'credit_invoice') AND fortnox_number = ?", [found.group(1)]
        )
    if found := _VOUCHER.fullmatch(asked):
        series, number, year = found.groups()
        return _in_documents(
            connection,
            "voucher_series = ? AND voucher_number = ?::INTEGER AND (? IS NULL OR year(day) = ?::INTEGER)",
            [series.upper(), number, year, year],
        )
    return []


def _entries(connection: duckdb.DuckDBPyConnection, condition: str, parameters: Sequence[object]) -> list[str]:
    rows = connection.execute(
        f"SELECT entry_id FROM ledger.entries WHERE {condition} ORDER BY event_day, entry_id", list(parameters)
    ).fetchall()
    return [row[0] for row in rows]


def _in_documents(connection: duckdb.DuckDBPyConnection, condition: str, parameters: list[object]) -> list[str]:
    """The entries of documents; a voucher that takes back öre of an invoice leads to the invoice's."""
    rows = connection.execute(
        f"WITH named AS (SELECT * FROM delivery.documents WHERE {condition})"
        " SELECT DISTINCT unnest(entry_ids) FROM ("
        "   SELECT entry_ids FROM named"
        "   UNION ALL SELECT d.entry_ids FROM delivery.documents d JOIN named n ON n.corrects = d.document_id)",
        parameters,
    ).fetchall()
    wanted = [row[0] for row in rows]
    return _entries(connection, "entry_id IN (SELECT unnest(?::VARCHAR[]))", [wanted]) if wanted else []


def _stranger(connection: duckdb.DuckDBPyConnection, asked: str) -> Fact | None:
    """A voucher in Fortnox that we did not make."""
    found = _VOUCHER.fullmatch(asked)
    if not found or not has_table(connection, "proof.fortnox_vouchers"):
        return None
    series, number, year = found.groups()
    rows = connection.execute(
        "SELECT v.day, v.text, l.account, l.amount FROM proof.fortnox_vouchers v"
        " JOIN proof.fortnox_lines l USING (year_id, series, number)"
        " WHERE v.series = ? AND v.number = ?::INTEGER AND (? IS NULL OR year(v.day) = ?::INTEGER) ORDER BY l.line_no",
        [series.upper(), number, year, year],
    ).fetchall()
    if not rows:
        return None
    lines = tuple(Fact("line", account, _debit_credit(amount)) for _, _, account, amount in rows)
    return Fact("foreign_voucher", f"{series.upper()} {number}", f"{rows[0][0]} {rows[0][1]}", lines)


class _Teller:
    """Gathers the facts of entries."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, language: Language) -> None:
        self._connection = connection
        self._words = WORDS[language]
        self._speech = Speech(language)

    def tell(self, entry_ids: Iterable[str]) -> tuple[Fact, ...]:
        """One fact for each entry, documents and Stripe's objects below it."""
        return tuple(self._entry(entry_id) for entry_id in entry_ids)

    def _entry(self, entry_id: str) -> Fact:
        entry = self._one("SELECT * FROM ledger.entries WHERE entry_id = ?", entry_id)
        assert entry is not None, entry_id
        kind = self._words.get(entry["kind"], entry["kind"])
        waits = f" · {self._words['held']}: {self._speech.sentence(entry['held'])}" if entry["held"] else ""
        return Fact(
            "entry",
            entry_id,
            f"{entry['event_day']} {kind}, {self._words['rules']} {entry['rule_version']}{waits}",
            (
                *self._documents(entry_id),
                *self._lines(entry_id),
                *self._movement(entry["balance_transaction"]),
                *self._source(entry["source"]),
                *self._charge(entry["charge"]),
                *self._sale(entry["sale_id"]),
                *self._credit(entry["credit_id"]),
            ),
        )

    def _documents(self, entry_id: str) -> list[Fact]:
        rows = self._all(
            "SELECT * FROM delivery.documents WHERE list_contains(entry_ids, ?) ORDER BY day, document_id", entry_id
        )
        return [Fact("document", row["document_id"], self._in_fortnox(row)) for row in rows]

    def _in_fortnox(self, row: dict[str, Any]) -> str:
        parts = [self._speech.term(row["status"])]
        if row["fortnox_number"] and row["kind"] in ("invoice", "credit_invoice"):
            parts.append(f"{self._words[row['kind']]} {row['fortnox_number']}")
        if row["kind"] == "payment" and row["invoice_number"]:
            parts.append(
                f"{self._words['payment']} {row['fortnox_number']}, {self._words['invoice']} {row['invoice_number']}"
            )
        if row["voucher_number"]:
            parts.append(f"{self._words['voucher']} {row['voucher_series']} {row['voucher_number']}")
        if row["reason"]:
            parts.append(self._speech.sentence(row["reason"]))
        return " · ".join(parts)

    def _lines(self, entry_id: str) -> list[Fact]:
        rows = self._all("SELECT * FROM ledger.lines WHERE entry_id = ? ORDER BY line_no", entry_id)
        found = []
        for row in rows:
            said = self._plain(_debit_credit(row["debit"] - row["credit"]))
            if row["treatment"]:
                rate = "" if row["vat_rate"] is None else self._plain(f" {row['vat_rate']:f} %")
                said += f" · {self._term(row['treatment'])}{rate}"
            if row["rule"]:
                said += f" · {self._words['rule']} {row['rule']}"
            found.append(Fact("line", row["account"], said))
        return found

    def _movement(self, id: str | None) -> list[Fact]:
        row = self._one("SELECT * FROM stripe.balance_transactions WHERE id = ?", id) if id else None
        if row is None:
            return []
        amounts = ", ".join(
            f"{self._words[name]} {self._money(row[name], row['currency'])}" for name in ("amount", "fee", "net")
        )
        return [Fact("balance_transaction", row["id"], f"{row['type']} / {row['reporting_category']}, {amounts}")]

    def _source(self, id: str | None) -> list[Fact]:
        """The payout, refund or dispute that the entry is of."""
        for kind, (table, columns) in SOURCES.items():
            row = self._one(f"SELECT * FROM stripe.{table} WHERE id = ?", id) if id else None
            if row is not None:
                said = [self._money(row["amount"], row["currency"]), *map(self._term, (row[each] for each in columns))]
                return [Fact(kind, row["id"], " · ".join(str(part) for part in said if part))]
        return []

    def _charge(self, id: str | None) -> list[Fact]:
        row = self._one("SELECT * FROM stripe.charges WHERE id = ?", id) if id else None
        if row is None:
            return []
        paid = self._money(row["amount"], row["currency"])
        said = [paid, row["payment_method_type"], self._term(row["status"]), row["description"]]
        return [Fact("charge", row["id"], " · ".join(str(part) for part in said if part))]

    def _sale(self, id: str | None) -> list[Fact]:
        row = self._one("SELECT * FROM ledger.sales WHERE sale_id = ?", id) if id else None
        if row is None:
            return []
        said = [self._money(row["gross"], row["currency"]), row["number"], self._term(row["treatment"])]
        rows = self._all("SELECT * FROM ledger.sale_rows WHERE sale_id = ? ORDER BY row_no", id)
        return [
            Fact(
                "sale",
                row["sale_id"],
                f"{row['event_day']} " + " · ".join(str(part) for part in said if part),
                (*(self._row(each) for each in rows), *self._party(row["sale_id"])),
            )
        ]

    def _row(self, row: dict[str, Any]) -> Fact:
        net, vat = Decimal(row["net_ore"]).scaleb(-2), Decimal(row["vat_ore"]).scaleb(-2)
        box = f" · {self._words['box']} {row['box']}" if row["box"] else ""
        return Fact(
            "row",
            str(row["row_no"]),
            f"{row['description'] or ''} · {row['account']} "
            + self._plain(f"{net:.2f} + {self._words['vat']} {vat:.2f} ({row['vat_rate']:f} %)")
            + box,
        )

    def _credit(self, id: str | None) -> list[Fact]:
        row = self._one("SELECT * FROM ledger.credits WHERE credit_id = ?", id) if id else None
        if row is None:
            return []
        return [
            Fact(
                "credit",
                row["credit_id"],
                f"{row['event_day']} {self._term(row['kind'])} {self._money(row['gross'], row['currency'])}",
            )
        ]

    def _party(self, sale_id: str) -> list[Fact]:
        row = self._one("SELECT * FROM ledger.parties WHERE sale_id = ?", sale_id)
        if row is None:
            return []
        said = [row["name"], row["country"], self._term(row["buyer"]), row["vat_number"]]
        return [Fact("customer", row["customer"] or row["party_id"], " · ".join(str(part) for part in said if part))]

    def _term(self, value: str | None) -> str:
        return self._speech.term(str(value or ""))

    def _money(self, minor: int, currency: str) -> str:
        return f"{self._plain(str(to_decimal(minor, currency)))} {currency.upper()}"

    def _plain(self, figures: str) -> str:
        """Figures with the decimal mark of the language."""
        return self._speech.either(figures, figures.replace(".", ","))

    def _one(self, query: str, parameter: str | None) -> dict[str, Any] | None:
        found = self._all(query, parameter)
        return found[0] if found else None

    def _all(self, query: str, parameter: str | None) -> list[dict[str, Any]]:
        result = self._connection.execute(query, [parameter])
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _debit_credit(amount: Decimal) -> str:
    return f"D {amount:.2f}" if amount >= 0 else f"K {-amount:.2f}"
