"""Every official fixture object of a stream's type loads: what Stripe publishes as an example must not surprise us."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.extract.commit import commit
from fortstripe_dagster.extract.personal import LISTED
from fortstripe_dagster.extract.spool import Spool
from fortstripe_dagster.extract.streams import STREAMS, Stream
from fortstripe_dagster.warehouse import Warehouse

FIXTURES = Path(__file__).parents[2] / "../shared/specs/stripe-fixtures.json"
SCHEMA = Path(__file__).parents[2] / "../shared/specs/stripe-schema-2026-10-28.endive.json"
absent = pytest.mark.skipif(not FIXTURES.is_file(), reason="the official fixtures are not beside this checkout")


def found(kind: str, within: Any) -> list[dict[str, Any]]:
    """Every object of a type in a tree of fixtures that is more than a stub."""
    here = []
    if isinstance(within, dict):
        if within.get("object") == kind and "id" in within and ("created" in within or within.get("deleted")):
            here.append(within)
        within = list(within.values())
    if isinstance(within, list):
        for part in within:
            here += found(kind, part)
    return here


@absent
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_every_fixture_of_a_stream_loads_raw_and_typed(stream: Stream, tmp_path: Path) -> None:
    resources = json.loads(FIXTURES.read_text())["resources"]
    objects = found(stream.object, resources)
    assert resources[stream.object] in objects
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    typed = 0
    for example in objects:
        with Spool(tmp_path) as spool:
            spool.add(stream.name, json.dumps(example).encode(), datetime.now(UTC), single=True)
            with warehouse.transaction() as connection:
                commit(connection, spool.pages)
                typed = connection.execute(
                    f"SELECT count(*) FROM stripe.{stream.tables[0]} WHERE id = ?", [example["id"]]
                ).fetchall()[0][0]
        # What is only known to be deleted has no row; but a customer's name on an invoice may need one.
        assert typed == 1 or (example.get("deleted") and stream.name != "customers")
    with warehouse.writer() as connection:
        kept = connection.execute("SELECT raw FROM stripe.raw_objects WHERE stream = ?", [stream.name]).fetchall()
    personal = {field.path for field in LISTED.get(stream.name, ())}
    stored = [{name: value for name, value in json.loads(raw).items() if name not in personal} for (raw,) in kept]
    assert {name: value for name, value in objects[-1].items() if name not in personal} in stored


@absent
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_every_field_we_need_is_in_the_schema_of_the_pinned_version(stream: Stream) -> None:
    fields = json.loads(SCHEMA.read_text())["objects"][stream.object]["fields"]
    assert set(stream.needs) <= set(fields)
