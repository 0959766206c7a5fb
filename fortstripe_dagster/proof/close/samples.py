"""Twenty-five entries drawn from the month, each with its whole chain from Fortnox to Stripe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from fortstripe_dagster.proof.close.lists import list_sql
from fortstripe_dagster.proof.explain import Explanation, Fact, explain_in
from fortstripe_dagster.proof.words import WORDS, Language


@dataclass(frozen=True)
class ChainRow:
    """One step of a chain; `level` says how deep it stands."""

    sample: int
    level: int
    what: str
    id: str
    text: str


def chains(
    connection: duckdb.DuckDBPyConnection, languages: Iterable[Language]
) -> dict[Language, tuple[Explanation, ...]]:
    """What stands behind each drawn entry, in each language, in the order of the list `samples`."""
    drawn = [
        row[0] for row in connection.execute(f"SELECT entry FROM ({list_sql('samples')}) ORDER BY sample").fetchall()
    ]
    return {language: tuple(explain_in(connection, entry, language) for entry in drawn) for language in languages}


def rows_of(explanations: Iterable[Explanation]) -> Iterator[ChainRow]:
    """The chains as rows of a list."""
    for number, explanation in enumerate(explanations, start=1):
        for fact in explanation.facts:
            yield from _rows(number, 1, fact, explanation.language)


def _rows(number: int, level: int, fact: Fact, language: Language) -> Iterator[ChainRow]:
    yield ChainRow(number, level, WORDS[language].get(fact.kind, fact.kind), fact.id, fact.said)
    for below in fact.below:
        yield from _rows(number, level + 1, below, language)
