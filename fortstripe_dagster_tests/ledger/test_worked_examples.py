"""Worked examples of how what happens at Stripe is booked (examples/worked.json), through extraction and ledger.

All examples share one world, booked under each of their choices; an example's entries are those of the objects that
it made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.sandbox import rates_server
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

EXAMPLES = json.loads((Path(__file__).parent / "examples/worked.json").read_text(encoding="utf-8"))
ACCOUNTS = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}

_OF_OBJECTS = """
    SELECT e.entry_id, e.held FROM ledger.entries e
    LEFT JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
    WHERE list_contains($kinds, e.kind)
      AND (list_has_any($ids, [e.source, e.charge, e.sale_id, e.credit_id, e.balance_transaction])
           OR list_contains($ids, b.source))
"""


def play(world: World, steps: list[dict[str, Any]]) -> list[str]:
    """Do what the steps say; the ids of all that they made, balance transactions included."""
    known: dict[str, Any] = {}
    before = len(world.all("balance_transaction"))
    for step in steps:
        arguments = {name: _value(name, value, known) for name, value in step.items() if name not in ("do", "as")}
        made = getattr(world, step["do"])(**arguments)
        if "as" in step:
            known[step["as"]] = made
    ids = [thing["id"] for thing in known.values()]
    moved = [t for t in world.all("balance_transaction")[before:] if t["source"] in ids or t["source"] is None]
    return ids + [t["id"] for t in moved] + [t["source"] for t in moved if t["source"]]


def _value(name: str, value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return known[value[1:]]
    if isinstance(value, list):
        return [row(*each) if name == "lines" else _value(name, each, known) for each in value]
    if name == "at":
        return at(value)
    return Decimal(value) if name == "exchange_rate" else value


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Book, list[str]]]]:
    """Each example's ledger and objects; the official rate is 11.30 every day."""
    world, home = new_world(), tmp_path_factory.mktemp("worked")
    found: dict[str, tuple[Book, list[str]]] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rates_server, "official_rate", lambda currency, day: Decimal("11.30"))
        ids = {example["id"]: play(world, example["steps"]) for example in EXAMPLES}
        plain = book(world, home / "plain", accounts=ACCOUNTS)
    books = {"{}": plain}
    for example in EXAMPLES:
        choices = json.dumps(example.get("choices", {}), sort_keys=True)
        if choices not in books:
            books[choices] = plain.under(home / str(len(books)), **{"accounts": ACCOUNTS, **json.loads(choices)})
        found[example["id"]] = (books[choices], ids[example["id"]])
    yield found


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_what_happens_is_booked_as_the_example_says(
    example: dict[str, Any], worked: dict[str, tuple[Book, list[str]]]
) -> None:
    ledger, ids = worked[example["id"]]
    for expected in example["books"]:
        entries, held = expected.get("entries"), None
        if entries is None:
            with ledger.sql() as connection:
                rows = connection.execute(_OF_OBJECTS, {"kinds": expected["kinds"], "ids": ids}).fetchall()
            entries = [entry_id for entry_id, _ in rows]
            held = next((reason for _, reason in rows if reason), None)
        assert ledger.together(*entries) == expected["rows"], expected
        if "held" in expected:
            assert held is not None and expected["held"] in held
        else:
            assert held is None
