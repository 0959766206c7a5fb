"""The warehouse file: one writer, clear words when it cannot be used, an atomic copy for analysts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from fortstripe_dagster.failures import WarehouseError
from fortstripe_dagster.warehouse import SCHEMA_VERSION, SCHEMAS, Warehouse

ROOT = Path(__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from fortstripe_dagster.warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).writer() as connection:
    connection.execute("CREATE TABLE main.half (n INTEGER)")
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb", wait_seconds=0.2)


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that has the warehouse open."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "holding"
    return process


def test_a_new_file_has_every_schema(warehouse: Warehouse) -> None:
    with warehouse.writer() as connection:
        found = {row[0] for row in connection.execute("SELECT schema_name FROM information_schema.schemata").fetchall()}
    assert set(SCHEMAS) <= found


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as connection:
        connection.execute("CREATE TABLE ledger.half (n INTEGER)")
        _ = 1 / 0
    with warehouse.writer() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT * FROM ledger.half")


def test_a_second_writer_waits_and_then_names_the_first(warehouse: Warehouse) -> None:
    said: list[str] = []
    warehouse.say = said.append
    process = holder(warehouse.path)
    try:
        with pytest.raises(WarehouseError, match=f"still in use by process {process.pid}"), warehouse.writer():
            pass
        assert f"process {process.pid} is writing" in said[0]
    finally:
        process.kill()
        process.communicate()


def test_a_killed_writer_frees_the_warehouse_at_once(warehouse: Warehouse) -> None:
    process = holder(warehouse.path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with warehouse.writer() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_corrupt_file_says_what_to_do_and_is_not_touched(warehouse: Warehouse) -> None:
    warehouse.path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match=r"corrupt.*move it aside.*journal\.sqlite must stay"), warehouse.writer():
        pass
    assert warehouse.path.read_bytes().startswith(b"not a database")


def test_a_file_of_a_newer_version_is_refused(warehouse: Warehouse) -> None:
    with warehouse.writer() as connection:
        connection.execute("INSERT INTO main.schema_version VALUES (?)", [SCHEMA_VERSION + 1])
    with pytest.raises(WarehouseError, match="newer fortstripe"), warehouse.writer():
        pass


def test_a_file_that_a_shell_has_open_says_so(warehouse: Warehouse) -> None:
    with warehouse.writer():
        pass
    hold = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", hold, str(warehouse.path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == "open"
        with pytest.raises(WarehouseError, match=r"has warehouse\.duckdb open.*read\.duckdb"), warehouse.writer():
            pass
    finally:
        process.kill()
        process.communicate()


def test_the_analysts_copy_can_be_read_while_the_warehouse_is_written(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.execute("CREATE TABLE ledger.t AS SELECT 1 AS n")
    copy = warehouse.publish()
    with warehouse.writer(), duckdb.connect(str(copy), read_only=True) as reader:
        assert reader.execute("SELECT n FROM ledger.t").fetchone() == (1,)


def test_a_file_in_an_older_format_is_taken_over_with_what_it_holds(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as older:
        older.execute(f"ATTACH '{tmp_path / 'warehouse.duckdb'}' AS w (STORAGE_VERSION 'v1.0.0')")
        older.execute("CREATE TABLE w.main.kept AS SELECT 'a' AS name")
    with Warehouse(tmp_path / "warehouse.duckdb").writer() as connection:
        assert connection.execute("SELECT name FROM main.kept").fetchall() == [("a",)]
        tags = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
    assert ("v1.4.0+",) in tags


def test_a_small_file_is_the_work_of_one_thread(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "SELECT current_setting('threads')"
    with warehouse.writer() as connection:
        assert connection.execute(asked).fetchone() == (1,)
    monkeypatch.setattr("fortstripe_dagster.warehouse.SMALL", 0)
    with warehouse.writer() as connection:
        assert connection.execute(asked).fetchone() == (os.cpu_count(),)


def test_work_on_few_rows_is_that_of_one_thread_however_large_the_file(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fortstripe_dagster.warehouse.SMALL", 0)
    with warehouse.for_few_rows().writer() as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)
