"""From a spool into schema `stripe`, in the caller's one transaction: raw objects and typed tables.

The bytes go to DuckDB as they came; it stores the objects without what is personal. The SQL files make each table and
fill it from what changed. An object that lacks a field the books need stops everything before anything is visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

import duckdb

from fortstripe_dagster.engine import limited
from fortstripe_dagster.extract import shapes
from fortstripe_dagster.extract.forgotten import keep_forgotten
from fortstripe_dagster.extract.personal import LISTED, LeftOut, kept, lean
from fortstripe_dagster.extract.spool import Page
from fortstripe_dagster.extract.streams import STREAMS, SUBLISTS, Stream
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.settings import STRIPE_API_VERSION

PAGES_AT_ONCE, AT_ONCE = 16, 2 * 2**20
"""Pages and bytes of answers that DuckDB takes apart together, or one answer that is larger."""

SQL = {file.name.removesuffix(".sql"): file.read_text() for file in files(__package__).joinpath("sql").iterdir()}
"""One file for each table of schema `stripe`: how it is made and how it is filled."""

MEMORY, FURTHER_TABLE, MOST = 64 * 2**20, 104 * 2**20, 256 * 2**20
"""Bytes that DuckDB may hold in memory to fill one table, more for each further one, and at most for all of them.

What the answers need comes on top; beyond that it works on disk.
"""
TAKEN_APART, FILLED = 32, 14
"""How many times the bytes taken apart together, and the objects filled in together, it needs: with less it fails.

More it would fill with what it has read before, the more the longer a run goes on.
"""
PAGE, TOGETHER = 100, 2_048
"""Objects on a page, and rows that DuckDB works on together."""

WORKSPACE = """
    CREATE OR REPLACE TEMP MACRO moment(seconds) AS to_timestamp(seconds::BIGINT);
    CREATE OR REPLACE TEMP MACRO local_day(moment) AS (moment AT TIME ZONE 'Europe/Stockholm')::DATE;
    CREATE OR REPLACE TEMP MACRO utc_day(seconds) AS (to_timestamp(seconds::BIGINT) AT TIME ZONE 'UTC')::DATE;
    CREATE OR REPLACE TEMP MACRO total(amounts) AS
        coalesce(list_sum(list_transform(amounts, lambda a: a::BIGINT)), 0)::BIGINT;
    CREATE OR REPLACE TEMP TABLE pages (
        file VARCHAR, number INTEGER, stream VARCHAR, parent VARCHAR, asked TIMESTAMPTZ, single BOOLEAN
    );
    CREATE OR REPLACE TEMP TABLE items (
        stream VARCHAR, parent VARCHAR, id VARCHAR, created TIMESTAMPTZ, deleted BOOLEAN, fetched_at TIMESTAMPTZ,
        page INTEGER, position INTEGER, complete BOOLEAN, raw JSON
    );
    CREATE OR REPLACE TEMP TABLE changed (id VARCHAR, created TIMESTAMPTZ, raw JSON);
"""

_ARRIVED = f"""
    CREATE OR REPLACE TEMP VIEW arrived AS
    SELECT stream, id, created, deleted, '{STRIPE_API_VERSION}' AS api_version, fetched_at, page, raw
    FROM items WHERE parent IS NULL
"""
_ARRIVED_INSIDE = f"""
    UNION ALL
    SELECT
        p.stream, p.parent, NULL, false, '{STRIPE_API_VERSION}', min(p.asked), max(p.number),
        json_object('object', 'list', 'data',
            coalesce(to_json(list(i.raw ORDER BY i.page, i.position) FILTER (i.raw IS NOT NULL)), '[]'::JSON))
    FROM pages AS p LEFT JOIN items AS i ON i.page = p.number
    WHERE p.parent IS NOT NULL GROUP BY p.stream, p.parent
"""
"""Lists inside objects, where there are any: each is one object."""

_FIELDS = ("id", "created", "deleted")
_ITEMS = """
    INSERT INTO items
    WITH answers AS (
        SELECT
            parent, number, asked,
            CASE WHEN single THEN [json(content)] ELSE json_extract(content, '$.data[*]') END AS list
        FROM read_text($files) AS t JOIN pages AS p ON p.file = t.filename AND p.stream = $stream
    ),
    each_one AS (
        SELECT * EXCLUDE (list), unnest(list) AS item, generate_subscripts(list, 1) AS position FROM answers
    )
    SELECT
        $stream, parent, f[1] ->> '$', moment(f[2]), coalesce(f[3]::BOOLEAN, false), asked, number, position,
        list_count(f[4:{needed}]) = {needed} - 3, {lean}
    FROM (SELECT *, json_extract(item, {fields}) AS f FROM each_one)
"""

# A deleted object of which no more than its id was ever seen has nothing to fill a row with.
_CHANGED = """
    CREATE OR REPLACE TEMP TABLE changed AS
    SELECT id, created, raw FROM latest SEMI JOIN altered USING (stream, id)
    WHERE stream = $stream AND (created IS NOT NULL OR stream = 'customers')
"""

_WITH_CHANGED_SUBLISTS = """
    INSERT INTO changed
    SELECT id, created, raw FROM stripe.raw_objects
    WHERE stream = $stream AND (created IS NOT NULL OR stream = 'customers')
        AND id IN (SELECT id FROM altered WHERE list_contains($sublists, stream))
        AND id NOT IN (SELECT id FROM changed)
"""


@dataclass(frozen=True)
class Committed:
    """What a commit did to one stream: objects in the answers, and how many were new or different."""

    rows: int
    changed: int


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every table and view of schema `stripe` that is not there yet, or that an older version made."""
    names = shapes.outdated(connection, SQL)
    if names:
        shapes.follow(connection, SQL, names, WORKSPACE)


def commit(
    connection: duckdb.DuckDBPyConnection, pages: Sequence[Page], left_out: LeftOut = LISTED
) -> dict[str, Committed]:
    """Bring pages into the raw and typed tables, without what is to be left out; what was done, by stream.

    Raises StripeFailure if an object lacks a field or holds what the typed tables cannot take; the caller's
    transaction is then rolled back.
    """
    create_tables(connection)
    pages = [page for page in pages if not page.shows_nothing]
    if not pages:
        return {}
    with limited(connection, f"{memory(pages)}B"):
        connection.execute("SET threads = 1")  # several would cost more CPU
        connection.execute(WORKSPACE)
        connection.execute(_ARRIVED + (_ARRIVED_INSIDE if any(page.parent for page in pages) else ""))
        _stage(connection, pages, left_out)
        _require_fields(connection)
        keep_forgotten(connection)
        rows = dict(connection.execute("SELECT stream, count(*) FROM arrived GROUP BY stream").fetchall())
        if not rows:
            return {}
        connection.execute(SQL["raw_objects"])
        changed = dict(connection.execute("SELECT stream, count(*) FROM altered GROUP BY stream").fetchall())
        for stream in _owners(changed):
            _fill_typed(connection, stream)
    return {stream: Committed(count, changed.get(stream, 0)) for stream, count in rows.items()}


def memory(pages: Sequence[Page]) -> int:
    """How many bytes DuckDB may hold in memory to bring these pages, one or more, into the tables."""
    sizes = {page: page.file.stat().st_size for page in pages}
    at_once = max(sum(sizes[page] for page in portion) for portion in _portions(pages))
    longest = max(size if page.single else size / PAGE for page, size in sizes.items())
    filled = min(sum(sizes.values()), TOGETHER * longest)
    tables = sum(len(stream.tables) for stream in _owners(page.stream for page in pages))
    return int(min(MOST, MEMORY + FURTHER_TABLE * (tables - 1)) + max(TAKEN_APART * at_once, FILLED * filled))


def _stage(connection: duckdb.DuckDBPyConnection, pages: Sequence[Page], left_out: LeftOut) -> None:
    columns = zip(
        *((str(p.file), number, p.stream, p.parent, p.asked_at, p.single) for number, p in enumerate(pages)),
        strict=True,
    )
    connection.execute(
        "INSERT INTO pages SELECT unnest(?), unnest(?), unnest(?), unnest(?::VARCHAR[]), unnest(?), unnest(?)",
        [list(column) for column in columns],
    )
    for stream in dict.fromkeys(page.stream for page in pages):
        needs = STREAMS[stream].needs if stream in STREAMS else ()
        personal = left_out.get(stream, ())
        fields = [f"$.{path}" for path in (*_FIELDS, *needs, *kept(personal))]
        needed = len(_FIELDS) + len(needs)
        values = [f"f[{place}]" for place in range(needed + 1, len(fields) + 1)]
        items = _ITEMS.format(fields=fields, needed=needed, lean=lean("item", personal, values))
        for portion in _portions([page for page in pages if page.stream == stream]):
            connection.execute(items, {"stream": stream, "files": [str(page.file) for page in portion]})
        if stream in SUBLISTS and (keep := SUBLISTS[stream][1].keep):
            parts = ", ".join(f"'{field}', raw -> '$.{field}'" for field in keep)
            connection.execute(f"UPDATE items SET raw = json_object({parts}) WHERE stream = ?", [stream])


def _portions(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """Pages, as many together as are taken apart at once."""
    portion: list[Page] = []
    size = 0
    for page in pages:
        length = page.file.stat().st_size
        if len(portion) == PAGES_AT_ONCE or portion and size + length > AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(page)
        size += length
    if portion:
        yield portion


def _owners(names: Iterable[str]) -> list[Stream]:
    """The streams whose typed tables are touched: these, and the parents of these sublists."""
    owners = [STREAMS[name] if name in STREAMS else SUBLISTS[name][0] for name in names]
    return list({stream.name: stream for stream in owners}.values())


def _require_fields(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT stream, id, json_keys(raw) FROM items WHERE NOT complete AND NOT deleted"
        " ORDER BY page, position LIMIT 1"
    ).fetchone()
    if row:
        stream = STREAMS[row[0]]
        raise StripeFailure(
            f"Stripe's {stream.object} {row[1]} came without"
            f" {' and '.join(field for field in stream.needs if field not in row[2])}; nothing of {stream.name} was"
            " committed.",
            f"make sure that nothing between here and Stripe changes answers and that API version"
            f" {STRIPE_API_VERSION} is still served; then report this line.",
        )


def _fill_typed(connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
    connection.execute(_CHANGED, {"stream": stream.name})
    sublists = [sublist.name for sublist in stream.sublists]
    if sublists:
        connection.execute(_WITH_CHANGED_SUBLISTS, {"stream": stream.name, "sublists": sublists})
    for table in stream.tables:
        try:
            connection.execute(SQL[table])
        except (duckdb.ConstraintException, duckdb.ConversionException) as error:
            raise _unfit(stream, table, str(error)) from error


def _unfit(stream: Stream, table: str, text: str) -> StripeFailure:
    null = re.search(r"NOT NULL constraint failed: \w+\.(\w+)", text)
    found = f"a {stream.object} without {null.group(1)}" if null else text.splitlines()[0]
    return StripeFailure(
        f"Stripe's {stream.name} cannot fill stripe.{table}: {found}; nothing of {stream.name} was committed.",
        f"check that API version {STRIPE_API_VERSION} is still served, then report this line.",
    )
