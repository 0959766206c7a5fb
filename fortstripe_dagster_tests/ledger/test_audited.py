"""Cases that an auditor worked by hand (examples/audited.json), through extraction and ledger: where rules meet.

Examples of a group share one world with the group's choices and days. An expected sum is that of all entries of the
example, or `of` one of its objects, of some `kinds`, `until` a day.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.sandbox import rates_server
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, book, new_world

EXAMPLES = json.loads((Path(__file__).parent / "examples/audited.json").read_text(encoding="utf-8"))
DENMARK = {"clearing": {"SEK": "1686"}, "oss": {"DK": {"25": {"sales": "3331", "vat": "2679"}}}}
SPRING = Days(date(2026, 3, 1), date(2026, 4, 30))
GROUPS: dict[str, tuple[Days, dict[str, Any]]] = {
    "audited": (
        SPRING,
        {
            "accounts": {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}},
            "deferral": "voucher",
            "tips": "staff",
        },
    ),
    "crossing": (
        SPRING,
        {
            "accounts": DENMARK,
            "oss": {"status": "off", "previous_year_turnover": 0, "outside_stripe": {"2026": 99600}},
        },
    ),
    "leap": (
        Days(date(2024, 2, 1), date(2024, 3, 31)),
        {"start_date": date(2024, 2, 1), "deferral": "voucher"},
    ),
    "paid": (SPRING, {"invoice_when": "paid"}),
    "cash": (SPRING, {"accounting_method": "cash", "deferral": "voucher"}),
}
"""The days that are extracted, and choices besides those of all tests."""

_SUMS = """
    SELECT l.account, sum(l.debit - l.credit)::VARCHAR, any_value(e.held)
    FROM ledger.entries e JOIN ledger.lines l USING (entry_id)
    LEFT JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
    WHERE ($kinds IS NULL OR list_contains($kinds, e.kind)) AND e.event_day <= $until
      AND (list_has_any($ids, [e.source, e.charge, e.sale_id, e.credit_id, e.balance_transaction])
           OR list_contains($ids, b.source))
    GROUP BY l.account ORDER BY l.account
"""


def play(world: World, steps: list[dict[str, Any]]) -> dict[str, str]:
    """Do what the steps say; the ids of what they made, by name."""
    known: dict[str, Any] = {}
    for number, step in enumerate(steps):
        arguments = {name: value(name, given, known) for name, given in step.items() if name not in ("do", "as")}
        known[step.get("as", str(number))] = getattr(world, step["do"])(**arguments)
    return {name: made["id"] for name, made in known.items()}


def value(name: str, given: Any, known: dict[str, Any]) -> Any:
    """An argument: `@name.field.0` is a part of what was made before; days and moments are Stockholm's."""
    if isinstance(given, str) and given.startswith("@"):
        found: Any = known
        for part in given[1:].split("."):
            found = found[int(part) if part.isdigit() else part]
        return found
    if name == "lines":
        return [line([value("", part, known) for part in each]) for each in given]
    if isinstance(given, dict) and not name:
        return {part: value(part, each, known) for part, each in given.items()}
    if isinstance(given, list) and name == "invoices":
        return [value("", each, known) for each in given]
    if name in ("at", "effective_at"):
        return moment(given)
    if name == "arrival":
        return date.fromisoformat(given)
    return Decimal(given) if name == "exchange_rate" else given


def line(parts: list[Any]) -> Any:
    """A row of an invoice, or of a credit note (the invoice's row and an amount)."""
    if isinstance(parts[0], dict):
        return tuple(parts)
    lacking: list[Any] = [None, None, 1, None, {}]
    description, unit_amount, quantity, rate, more = parts + lacking[len(parts) :]
    first, end = more.get("period", (None, None))
    return Line(
        description=description,
        unit_amount=unit_amount,
        quantity=quantity,
        tax_rate=rate,
        taxability=more.get("taxability"),
        price=more.get("price"),
        period=(moment(first), moment(end)) if first else None,
    )


def moment(given: int | str) -> datetime:
    """Noon of a day of March 2026, or of a day; or the minute that is given."""
    text = f"2026-03-{given:02}" if isinstance(given, int) else given
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00").replace(tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Book, dict[str, str]]]:
    """Each example's ledger and objects; the official rate is 11.30 every day."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for example in EXAMPLES:
        groups[example["group"]].append(example)
    found: dict[str, tuple[Book, dict[str, str]]] = {}
    with pytest.MonkeyPatch.context() as patched:
        for currency in ("jpy", "kwd", "isk"):
            patched.setitem(rates_server.SERIES, f"SEK{currency.upper()}PMI", currency)
        patched.setattr(rates_server, "official_rate", lambda currency, day: Decimal("11.30"))
        for group, examples in groups.items():
            days, choices = GROUPS[group]
            opened = datetime(days.first.year, 1, 1, tzinfo=UTC)
            world = new_world(opened=opened)
            made = {example["id"]: play(world, example["steps"]) for example in examples}
            ledger = book(world, tmp_path_factory.mktemp(group), days, **choices)
            found |= {id: (ledger, ids) for id, ids in made.items()}
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_the_books_are_as_worked_by_hand(
    example: dict[str, Any], audited: dict[str, tuple[Book, dict[str, str]]]
) -> None:
    ledger, ids = audited[example["id"]]
    for expected in example["books"]:
        asked = {
            "kinds": expected.get("kinds"),
            "ids": [ids[expected["of"]]] if "of" in expected else list(ids.values()),
            "until": expected.get("until", "9999-12-31"),
        }
        with ledger.sql() as connection:
            found = connection.execute(_SUMS, asked).fetchall()
        assert {account: sum for account, sum, _ in found if Decimal(sum)} == expected["rows"], expected
        assert [held for _, _, held in found if held] == []
