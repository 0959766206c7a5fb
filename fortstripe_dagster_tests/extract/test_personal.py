"""What Stripe tells of people and the books do not need is in nothing that is stored, unless the company wants it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fortstripe_dagster.extract import personal
from fortstripe_dagster.extract.commit import commit, create_tables
from fortstripe_dagster.extract.personal import LISTED, LeftOut
from fortstripe_dagster.extract.spool import Spool
from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings.limits import StripeLimits
from fortstripe_dagster.warehouse import Warehouse

PLANTED, NEEDED = "PlantedPersonal", "NeededByTheBooks"
AT = datetime(2026, 3, 1, tzinfo=UTC)
KEEP_ALL: LeftOut = {}


def charge(**changes: Any) -> dict[str, Any]:
    """A charge with something planted in every field that is left out, and in those of wallets beneath."""
    return {
        "id": "ch_1", "object": "charge", "created": 1772366400, "amount": 5000, "amount_captured": 5000,
        "amount_refunded": 0, "currency": "sek", "customer": None, "payment_intent": None, "status": "succeeded",
        "billing_details": {"name": NEEDED, "email": None, "phone": None, "address": None},
        "payment_method_details": {
            "type": "card", "card": {"country": "SE", "fingerprint": PLANTED, "wallet": {"apple_pay": [PLANTED]}}
        },
        "shipping": {"name": PLANTED, "phone": PLANTED, "address": {"country": "SE", "line1": PLANTED}},
        "outcome": {"seller_message": PLANTED}, "fraud_details": {PLANTED: PLANTED}, "source": {"name": PLANTED},
        "receipt_url": f"https://pay.stripe.com/receipts/{PLANTED}", **changes,
    }  # fmt: skip


def event() -> dict[str, Any]:
    data = {"object": charge(), "previous_attributes": {"receipt_email": PLANTED}}
    return {"id": "evt_1", "object": "event", "created": 1772366400, "type": "charge.updated", "data": data}


def taken(home: Path, stream: str, thing: dict[str, Any], left_out: LeftOut = LISTED) -> Warehouse:
    warehouse = Warehouse(home / "warehouse.duckdb")
    with Spool(home) as spool:
        spool.add(stream, json.dumps({"object": "list", "data": [thing]}).encode(), AT)
        with warehouse.transaction() as connection:
            commit(connection, spool.pages, left_out)
    return warehouse


def texts(warehouse: Warehouse) -> Iterator[str]:
    """Every value of every table of schema `stripe`: what is packed cannot be found in the file's bytes."""
    with warehouse.writer() as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'stripe'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM stripe.{table}").fetchall():
                yield from (value for value in row if value)


def found(home: Path, warehouse: Warehouse, text: str) -> bool:
    """Whether a text is in a table, or in the bytes of a file."""
    in_files = any(text.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
    return in_files or any(text in value for value in texts(warehouse))


@pytest.mark.parametrize(("stream", "thing"), [("charges", charge()), ("events", event())], ids=["charge", "event"])
def test_what_is_personal_and_not_needed_is_stored_nowhere(tmp_path: Path, stream: str, thing: dict[str, Any]) -> None:
    warehouse = taken(tmp_path, stream, thing)
    assert not found(tmp_path, warehouse, PLANTED)
    assert found(tmp_path, warehouse, NEEDED) == (stream == "charges")
    everything = taken(tmp_path / "all", stream, thing, KEEP_ALL)
    assert found(tmp_path / "all", everything, PLANTED)


def test_the_tables_are_the_same_with_and_without(tmp_path: Path) -> None:
    tables = []
    for home, left_out in ((tmp_path / "lean", LISTED), (tmp_path / "all", KEEP_ALL)):
        taken(home, "events", event(), left_out)
        warehouse = taken(home, "charges", charge(), left_out)
        with warehouse.writer() as connection:
            tables.append([connection.execute(f"FROM stripe.{name}").fetchall() for name in ("charges", "events")])
    assert tables[0] == tables[1] and tables[0][0][0][0] == "ch_1"


def test_a_longer_list_cleans_what_is_stored_and_tells_of_no_change(tmp_path: Path) -> None:
    warehouse = taken(tmp_path, "charges", charge(), KEEP_ALL)
    taken(tmp_path, "charges", charge(amount_refunded=100), KEEP_ALL)
    with warehouse.transaction() as connection:
        create_tables(connection)
        personal.clean(connection, LISTED)
        ((versions,),) = connection.execute("SELECT count(*) FROM stripe.raw_versions").fetchall()
    assert versions == 1 and not any(PLANTED in value for value in texts(warehouse))
    taken(tmp_path, "charges", charge(amount_refunded=100))
    with warehouse.writer() as connection:
        assert connection.execute("SELECT count(*) FROM stripe.raw_versions").fetchall() == [(1,)]


def test_a_company_adds_fields_or_keeps_all(tmp_path: Path) -> None:
    chosen = StripeLimits(leave_out=("charges.metadata.ssn", "charges.shipping.address", "charges.outcome.type"))
    warehouse = taken(tmp_path, "charges", charge(metadata={"ssn": PLANTED, "order": "7"}), personal.left_out(chosen))
    with warehouse.writer() as connection:
        ((raw, country),) = connection.execute(
            "SELECT raw, r.ship_to_country FROM stripe.raw_objects JOIN stripe.charges AS r USING (id)"
        ).fetchall()
    assert json.loads(raw)["metadata"] == {"order": "7"}
    assert "outcome" not in json.loads(raw) and "shipping" not in json.loads(raw) and country is None
    assert personal.left_out(StripeLimits(personal_fields="keep")) == {}


@pytest.mark.parametrize("named", ["charges.amount", "charges.id", "nothing.x"])
def test_what_the_books_need_cannot_be_left_out(named: str) -> None:
    with pytest.raises(ConfigurationError, match=named.partition(".")[0]):
        personal.left_out(StripeLimits(leave_out=(named,)))


def test_only_paths_are_taken_for_fields() -> None:
    with pytest.raises(ValidationError):
        StripeLimits(leave_out=("charges.a') --",))


def test_the_list_names_streams_and_no_field_that_is_needed() -> None:
    assert {*LISTED} <= {*STREAMS}
    for stream, fields in LISTED.items():
        gone = {field.path for field in fields if not field.keep}
        assert not gone.intersection(STREAMS[stream].needs)
