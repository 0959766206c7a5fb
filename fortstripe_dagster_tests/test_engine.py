"""DuckDB is started once for a process: what one writer leaves behind reaches no other."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import duckdb
import pytest

import fortstripe_dagster
from fortstripe_dagster import engine
from fortstripe_dagster.warehouse import Warehouse

DATABASES = "SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY ALL"
IN_FORCE = "SELECT max(memory_limit) FROM pragma_database_size()"
"""The limit that DuckDB keeps to, which after a RESET is not what it calls the current setting."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse, and an engine that waits for its next writer."""
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.writer():
        pass
    return warehouse


def test_the_next_writer_gets_the_same_engine_with_nothing_in_it(warehouse: Warehouse) -> None:
    (waiting,) = engine._idle
    names = ", ".join(f"current_setting('{name}')" for name in (*engine.CHANGED, "threads"))
    names += f", ({IN_FORCE})"
    with warehouse.writer() as connection:
        fresh = connection.execute(f"SELECT {names}").fetchone()
        connection.execute("CREATE TEMP TABLE mine AS SELECT 1 AS n; CREATE TEMP MACRO one() AS 1")
        connection.execute("SET memory_limit = '64MB'; SET threads = 3; SET preserve_insertion_order = false")
    with warehouse.writer() as connection:
        assert connection.execute(f"SELECT {names}").fetchone() == fresh
        for query in ("FROM mine", "SELECT one()"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(query)
    assert engine._idle == [waiting]


def test_every_limit_that_is_set_and_every_function_that_is_made_is_taken_back(warehouse: Warehouse) -> None:
    for_each_writer = {"TimeZone", "temp_directory", "threads", "memory_limit"}
    with warehouse.writer() as connection:
        settings = {name for (name,) in connection.execute("SELECT name FROM duckdb_settings()").fetchall()}
    package = Path(fortstripe_dagster.__file__).parent
    texts = [path.read_text() for suffix in ("py", "sql") for path in package.rglob(f"*.{suffix}")]
    named = {name for text in texts for name in re.findall(r"\bSET (\w+) =", text)}
    assert named & settings == for_each_writer | set(engine.CHANGED)
    made, removed = ([re.findall(rf'{how}_function\("(\w+)"', text) for text in texts] for how in ("create", "remove"))
    assert made == removed


def test_an_engine_that_saw_an_error_is_stopped_and_not_used_again(warehouse: Warehouse) -> None:
    (used,) = engine._idle
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as connection:
        connection.execute("ATTACH ':memory:' AS left_behind; CREATE TABLE main.half (n INTEGER)")
        _ = 1 / 0
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        used.execute("SELECT 1")
    with warehouse.writer() as connection:
        assert connection.execute(DATABASES).fetchall() == [("memory",), ("warehouse",)]


def test_an_engine_that_still_has_another_file_is_not_used_again(warehouse: Warehouse) -> None:
    with warehouse.writer() as connection:
        connection.execute("ATTACH ':memory:' AS left_behind")
    with warehouse.writer() as connection:
        assert connection.execute(DATABASES).fetchall() == [("memory",), ("warehouse",)]


def test_an_engine_that_worked_on_disk_takes_its_files_with_it(warehouse: Warehouse) -> None:
    with warehouse.writer() as connection:
        connection.execute("SET memory_limit = '30MB'; SET threads = 1")
        connection.execute("CREATE TEMP TABLE much AS SELECT range AS n, hash(range) AS h FROM range(5_000_000)")
        assert list(Path(f"{warehouse.path}.tmp").iterdir()) != []
    assert not Path(f"{warehouse.path}.tmp").exists()
    with warehouse.writer() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_two_warehouses_are_written_side_by_side(warehouse: Warehouse, tmp_path: Path) -> None:
    other = Warehouse(tmp_path / "other.duckdb")
    with warehouse.writer() as one, other.writer() as two:
        one.execute("CREATE TABLE main.mine AS SELECT 'one' AS name")
        two.execute("CREATE TABLE main.mine AS SELECT 'two' AS name")
    for company, name in ((warehouse, "one"), (other, "two")):
        with company.writer() as connection:
            assert connection.execute("FROM mine").fetchall() == [(name,)]
    assert len(engine._idle) == 1


def test_the_file_is_closed_and_whole_when_its_writer_is_done(warehouse: Warehouse) -> None:
    with warehouse.writer() as connection:
        connection.execute("CREATE TABLE main.mine AS SELECT 1 AS n")
    assert not Path(f"{warehouse.path}.wal").exists()
    with duckdb.connect(str(warehouse.path)) as shell:
        assert shell.execute("FROM mine").fetchall() == [(1,)]


def test_a_child_of_a_process_that_wrote_starts_its_own_and_writes(warehouse: Warehouse) -> None:
    child = os.fork()
    if not child:
        signal.alarm(10)  # an engine without its threads may wait for ever
        inherited = len(engine._idle)
        with warehouse.writer() as connection:
            connection.execute("SET threads = 1; CREATE TABLE main.mine AS SELECT count(*) AS n FROM range(1_000)")
        os._exit(inherited)
    assert os.waitpid(child, 0)[1] == 0
    with warehouse.writer() as connection:
        assert connection.execute("FROM mine").fetchall() == [(1_000,)]
