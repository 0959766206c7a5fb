"""A statement of the tie-out is left out only where its own conditions let nothing through."""

from __future__ import annotations

import re

import pytest

from fortstripe_dagster.proof.tie_out import ORDER, statements

GUARDED = [(statement, source) for name in ORDER for statement, source in statements(name) if source]


@pytest.mark.parametrize(("statement", "source"), GUARDED, ids=[source for _, source in GUARDED])
def test_what_a_statement_yields_nothing_without_is_what_it_reads_alone(statement: str, source: str) -> None:
    code = re.sub(r"--[^\n]*", "", statement)
    table, _, condition = source.partition(" WHERE ")
    if table == "choices":
        name, value = re.findall(r"'(\w+)'", condition)
        assert re.search(rf"WHERE choice\('{name}'\) = '{value}'(\s+HAVING .*)?$", code.strip(), re.DOTALL)
        return
    (alias,) = re.findall(rf"\bFROM {re.escape(table)} (\w)\b", code)
    where = " AND ".join(f"{alias}.{part}" for part in condition.split(" AND "))
    assert f"WHERE {where}" in " ".join(code.split())


def test_most_findings_are_left_out_where_all_agrees() -> None:
    assert len(GUARDED) >= 12
    assert all("INSERT INTO found" in statement for statement, _ in GUARDED), "a table that others read must be made"
