"""`fortstripe forget`: erase what is kept here of a customer, as far as the books allow, and record who asked and why.

Räkenskapsinformation is kept until the end of the seventh year after the calendar year in which the financial year
ended (bokföringslagen 7:2), for sales under the One Stop Shop ten years; name and address belong to an invoice. The
journal keeps what was sent to Fortnox word for word, for the same reason. Everything else goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path

import duckdb

from fortstripe_dagster import business_day, delivery
from fortstripe_dagster.delivery.journal.choice_sets import sealed_under_others
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.extract.forgetting import forget as erase
from fortstripe_dagster.extract.forgotten import GUEST, guest
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.operations.pipeline import refuse_broken_ledger
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import SCHEMAS, Warehouse, has_table

YEARS, YEARS_OF_OSS = 7, 10
PAGES = ("*.html", "*.csv", "*.xlsx", "*.zip")


@dataclass(frozen=True)
class _Words:
    """By what a person is named, before it is erased."""

    emails: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.emails, *(name for name in self.names if name not in self.emails))


@dataclass(frozen=True)
class Forgotten:
    """What was erased. `kept_until` is the last day on which name and address stay with booked sales."""

    customer: str
    objects: dict[str, int]
    kept_until: date | None
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        until = None if self.kept_until is None else self.kept_until.isoformat()
        return {"customer": self.customer, "objects": self.objects, "kept_until": until, "remarks": self.remarks}

    def text(self) -> str:
        """What went, what stayed and why, and what is left for a person."""
        counted = ", ".join(f"{count} {stream}" for stream, count in self.objects.items() if count)
        went = "E-mail and phone" if self.kept_until else "E-mail, phone, name and address"
        lines = [f"{self.customer}: {went} are erased here ({counted})."]
        if self.kept_until:
            lines.append(
                f"Name and address stay with booked sales until {self.kept_until}, as the law wants them kept."
            )
        return "\n".join([*lines, *self.remarks])


def forget(
    settings: Settings,
    warehouse: Warehouse,
    customer: str,
    reason: str,
    who: str,
    say: Callable[[str], None],
    today: date | None = None,
) -> Forgotten:
    """Erase a customer of Stripe (`cus_…`), or a guest by the e-mail address, from the warehouse and keep it erased.

    The address itself is kept nowhere: its digest names the guest. Raises ConfigurationError for what is neither,
    Failure where nothing is known of them.
    """
    address = customer.removeprefix(GUEST)
    if not customer.startswith("cus_") and "@" not in address:
        raise ConfigurationError(
            f"{customer} is no id of a Stripe customer and no e-mail address.",
            "name cus_…, or the address of a guest whom Stripe has no customer of.",
        )
    person = customer if customer.startswith("cus_") else guest(address)
    with warehouse.transaction() as connection:
        party = customer if person == customer else f"{GUEST}{address.strip().lower()}"
        words = _words(connection, party)
        until = kept_until(connection, party)
        keeps = until is not None and until >= (today or business_day.today())
        objects = erase(connection, person, datetime.now(UTC), identity=not keeps)
        namesakes = _customers_at(connection, address) if person != customer else []
        if not objects:
            raise Failure(
                f"Nothing is known of {customer}{'' if person == customer else ' as a guest'}.",
                f"name {', '.join(namesakes) or 'a customer as `fortstripe explain` shows it'}.",
            )
        with Journal(settings.journal_path) as journal:
            journal.forget(person, "contact" if keeps else "contact, name, address", reason, who)
        copies = _other_schemas(connection)
    say("forget: building the ledger without it")
    build(settings, warehouse, say, sealed=sealed_under_others(settings, choices_of(settings).digest))
    refuse_broken_ledger(warehouse)
    with warehouse.transaction() as connection:
        _blank_in_proof(connection, words.emails if keeps else words.all)
    with Journal(settings.journal_path) as journal:
        delivery.publish(journal, warehouse)
    warehouse.rewrite()
    warehouse.publish()
    left = tuple(_left(settings, words, copies, namesakes))
    return Forgotten(person, objects, until if keeps else None, left)


def kept_until(connection: duckdb.DuckDBPyConnection, party: str) -> date | None:
    """Until when the buyer's name must be kept with booked sales; None where there are none."""
    if not has_table(connection, "ledger.parties"):
        return None
    ends = "year(s.event_day)"
    if has_table(connection, "proof.fortnox_years"):
        ends = (
            "coalesce((SELECT max(year(y.last_day)) FROM proof.fortnox_years y"
            "          WHERE s.event_day BETWEEN y.first_day AND y.last_day), year(s.event_day))"
        )
    row = connection.execute(
        f"SELECT max({ends} + CASE WHEN s.treatment LIKE 'oss%' THEN {YEARS_OF_OSS} ELSE {YEARS} END)"
        " FROM ledger.sales s JOIN ledger.parties p USING (sale_id) WHERE p.party_id = ?",
        [party],
    ).fetchone()
    return None if row is None or row[0] is None else date(row[0], 12, 31)


def _words(connection: duckdb.DuckDBPyConnection, party: str) -> _Words:
    """E-mail addresses and then names, before they are erased, to look for them elsewhere."""
    found: list[tuple[str | None, str | None]] = []
    if has_table(connection, "stripe.customers"):
        query = "SELECT email, name FROM stripe.customers WHERE id = ?"
        found += connection.execute(query, [party]).fetchall()
    if party.startswith(GUEST) and has_table(connection, "ledger.parties"):
        query = "SELECT DISTINCT email, name FROM ledger.parties WHERE party_id = ?"
        found += connection.execute(query, [party]).fetchall()
    return _Words(
        tuple(sorted({email for email, _ in found if email})), tuple(sorted({name for _, name in found if name}))
    )


def _customers_at(connection: duckdb.DuckDBPyConnection, address: str) -> list[str]:
    """Stripe's customers with that address: each is forgotten by its own id."""
    query = "SELECT id FROM stripe.customers WHERE lower(email) = ? ORDER BY id"
    return [row[0] for row in connection.execute(query, [address.strip().lower()]).fetchall()]


def _blank_in_proof(connection: duckdb.DuckDBPyConnection, words: tuple[str, ...]) -> None:
    """Take words out of what was proven before; the next proof makes these tables anew."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse'"
        " AND schema_name = 'proof' AND data_type = 'VARCHAR'"
        " AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE schema_name = 'proof')"
    ).fetchall()
    for table, column in columns:
        for word in filter(None, words):
            connection.execute(
                f'UPDATE proof.{table} SET "{column}" = replace("{column}", $1, \'…\') WHERE contains("{column}", $1)',
                [word],
            )


def _other_schemas(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'warehouse' AND NOT internal"
        " AND NOT list_contains(?, schema_name)",
        [[*SCHEMAS, "main"]],
    ).fetchall()
    return [row[0] for row in rows]


def _left(settings: Settings, words: _Words, copies: list[str], namesakes: list[str]) -> Iterator[str]:
    """What nobody but a person can or may erase."""
    yield "In Stripe: delete the customer and redact its payments there, or the data stay with Stripe."
    yield ("In Fortnox: the customer's card is not touched; take e-mail and phone off it by hand.")
    yield "The journal keeps what was sent to Fortnox, as a part of the books. Older backups hold what was erased."
    if namesakes:
        yield f"Stripe has customers with that address, who are not forgotten by this: {', '.join(namesakes)}."
    if copies:
        yield f"A past ledger stands in schema {', '.join(copies)}: drop it in the warehouse."
    if found := [str(path) for path in _naming(settings.home, words.all)]:
        yield f"These files name the customer, or pack what may: {', '.join(found)}."


def _naming(home: Path, words: tuple[str, ...]) -> Iterator[Path]:
    """Pages and lists made before, in which name or e-mail stand; of packed ones nobody can tell."""
    looked_for = [text.encode() for word in filter(None, words) for text in (word, escape(word))]
    for pattern in PAGES:
        for path in sorted(home.rglob(pattern)):
            packed = path.suffix in (".xlsx", ".zip")
            if packed or any(text in path.read_bytes() for text in looked_for):
                yield path.relative_to(home)
