"""What Dagster says of the columns: of the tables that analysts read each column is described, and nothing else is."""

from __future__ import annotations

from fortstripe_dagster.assets.ledger import TABLES
from fortstripe_dagster.assets.metadata import descriptions, of_table, said_of
from fortstripe_dagster_tests.proof.company import Company

CONTRACT = ("delivery.documents", "proof.tie_out", "proof.drift", *(f"ledger.{table}" for table in TABLES))


def test_every_column_that_analysts_read_is_described(company: Company) -> None:
    company.book()
    company.prove()
    with company.warehouse.writer() as connection:
        (schema,) = (of_table(connection, "ledger.lines")["dagster/column_schema"],)
        columns = connection.execute(
            "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns()"
            " WHERE schema_name IN ('stripe', 'ledger', 'delivery', 'proof')"
        ).fetchall()
    assert {each.name: each.description for each in schema.columns}["debit"] == "Kronor in debit"
    missing = {(table, column) for table, column in columns if table in CONTRACT and said_of(table, column) is None}
    assert missing == set(), "say in assets/columns.csv what they hold"
    named = {column for _, column in columns} | {f"{table}.{column}" for table, column in columns}
    assert descriptions().keys() - named == set(), "a description of what is not there"
