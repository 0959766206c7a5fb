"""Bring pages of a stream into a fresh warehouse, so many KiB taken apart at once: what the loader was chosen by.

A process of its own, so that its memory is its own. Prints milliseconds of CPU for each page.

    python -m benchmarks.loader charges 100 1024 directory
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from fortstripe_dagster.extract import commit
from fortstripe_dagster.extract.spool import Spool
from fortstripe_dagster.sandbox.stripe.fast.collection import Bounds, Collection
from fortstripe_dagster.sandbox.stripe.fast.templates import templates
from fortstripe_dagster.warehouse import Warehouse

PAGE = 100
MARCH = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


def main() -> None:
    """Commit in one part, as a run does with each of its parts, and measure that alone."""
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # as the command line does
    stream, pages, at_once, home = sys.argv[1:]
    things = Collection(stream, templates()[stream], int(pages) * PAGE, MARCH, 28)
    commit.PAGES_AT_ONCE, commit.AT_ONCE = int(pages), int(at_once) * 1024
    warehouse = Warehouse(Path(home) / "warehouse.duckdb")
    with warehouse.transaction() as connection:
        commit.create_tables(connection)
    with Spool(Path(home)) as spool:
        for last in range(PAGE, len(things) + 1, PAGE):
            older = things.one(last).split(b'"id": "')[1].split(b'"')[0].decode() if last < len(things) else None
            spool.add(stream, things.page(Bounds(starting_after=older), PAGE), datetime.now(UTC))
        began = time.process_time()
        with warehouse.transaction() as connection:
            commit.commit(connection, spool.take())
        spent = time.process_time() - began
    with warehouse.writer() as connection:
        ((rows,),) = connection.execute(f"SELECT count(*) FROM stripe.{stream}").fetchall()
    print(f"{1000 * spent / int(pages):.2f}" if rows == len(things) else f"{rows} rows instead of {len(things)}")


if __name__ == "__main__":
    main()
