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
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.operations.pipeline import refuse_broken_ledger
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import SCHEMAS, Warehouse, has_table

YEARS, YEARS_OF_OSS = 7, 10
PAGES = ("*.html", "*.csv", "*.xlsx", "*.zip")


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
    """Erase a customer of Stripe (`cus_…`) from the warehouse and keep it erased.

    Raises ConfigurationError for what is no customer's id, Failure where nothing is known of the customer.
    """
    if not customer.startswith("cus_"):
        raise ConfigurationError(
            f"{customer} is no id of a Stripe customer.",
            "name cus_…; a guest is in no register here: redact the payment in Stripe.",
        )
    with warehouse.transaction() as connection:
        words = _words(connection, customer)
        until = kept_until(connection, customer)
        keeps = until is not None and until >= (today or business_day.today())
        objects = erase(connection, customer, datetime.now(UTC), identity=not keeps)
        if not objects:
            raise Failure(f"Nothing is known of {customer}.", "name a customer as `fortstripe explain` shows it.")
        with Journal(settings.journal_path) as journal:
            journal.forget(customer, "contact" if keeps else "contact, name, address", reason, who)
        copies = _other_schemas(connection)
    say("forget: building the ledger without it")
    build(settings, warehouse, say, sealed=sealed_under_others(settings, choices_of(settings).digest))
    refuse_broken_ledger(warehouse)
    with warehouse.transaction() as connection:
        _blank_in_proof(connection, words[1:] if keeps else words)
    with Journal(settings.journal_path) as journal:
        delivery.publish(journal, warehouse)
    warehouse.rewrite()
    warehouse.publish()
    return Forgotten(customer, objects, until if keeps else None, tuple(_left(settings, words, copies)))


def kept_until(connection: duckdb.DuckDBPyConnection, customer: str) -> date | None:
    """Until when the customer's name must be kept with booked sales; None where there are none."""
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
        " FROM ledger.sales s JOIN ledger.parties p USING (sale_id) WHERE p.customer = ?",
        [customer],
    ).fetchone()
    return None if row is None or row[0] is None else date(row[0], 12, 31)


def _words(connection: duckdb.DuckDBPyConnection, customer: str) -> tuple[str, ...]:
    """Name and e-mail before they are erased, to look for them elsewhere; empty where Stripe has none."""
    if not has_table(connection, "stripe.customers"):
        return ()
    row = connection.execute("SELECT name, email FROM stripe.customers WHERE id = ?", [customer]).fetchone()
    return tuple(word or "" for word in row or ())


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


def _left(settings: Settings, words: tuple[str, ...], copies: list[str]) -> Iterator[str]:
    """What nobody but a person can or may erase."""
    yield "In Stripe: delete the customer and redact its payments there, or the data stay with Stripe."
    yield ("In Fortnox: the customer's card is not touched; take e-mail and phone off it by hand.")
    yield "The journal keeps what was sent to Fortnox, as a part of the books. Older backups hold what was erased."
    if copies:
        yield f"A past ledger stands in schema {', '.join(copies)}: drop it in the warehouse."
    if found := [str(path) for path in _naming(settings.home, words)]:
        yield f"These files name the customer, or pack what may: {', '.join(found)}."


def _naming(home: Path, words: tuple[str, ...]) -> Iterator[Path]:
    """Pages and lists made before, in which name or e-mail stand; of packed ones nobody can tell."""
    looked_for = [text.encode() for word in filter(None, words) for text in (word, escape(word))]
    for pattern in PAGES:
        for path in sorted(home.rglob(pattern)):
            packed = path.suffix in (".xlsx", ".zip")
            if packed or any(text in path.read_bytes() for text in looked_for):
                yield path.relative_to(home)
