"""Entries that older choices sealed, in a build of a few days: what is reached of them is put back, or all is rebuilt.

The choices of then are run over the families that are reached, as today's are. That is as good as running them over
everything where each entry depends on its family alone. What looks at all families together (`order.ACROSS`, the
turnover of the One Stop Shop) does not, and of then nobody kept it: wherever that could differ, everything is rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from fortstripe_dagster.ledger import publish
from fortstripe_dagster.ledger.effective import Sealed, put_back
from fortstripe_dagster.ledger.order import RUNNING
from fortstripe_dagster.ledger.rule_files import RuleFiles

OF_FAMILIES = (
    "coalesce(sale_id, balance_transaction, source) IN (SELECT id FROM reached)"
    " AND kind NOT IN (SELECT kind FROM ledger.across_postings)"
)
"""Which entries a workspace of a few families is able to make, whatever its choices."""


def put_back_reached(
    connection: duckdb.DuckDBPyConnection, kept: str, sealing: Sequence[tuple[Sealed, RuleFiles]], clock: date
) -> bool:
    """Put what is reached of sealed entries back into the workspace; False where everything must be rebuilt.

    `kept` is the schema of the ledger as it is. Raises as `put_back` does.
    """
    if _of_the_turnover(connection, kept) and not all(_whatever_the_turnover(sealed) for sealed, _ in sealing):
        return False
    if not all("across_postings" in rules.sql for _, rules in sealing):
        return False
    for place, (sealed, rules) in enumerate(sealing):
        put_back(connection, sealed, rules, f"under_{place}", clock, OF_FAMILIES)
    everything = {entry_id: day for sealed, _ in sealing for entry_id, day in sealed.entries.items()}
    return not (_changed_across_before(connection, kept, everything) or _moved_otherwise(connection))


def _of_the_turnover(connection: duckdb.DuckDBPyConnection, kept: str) -> bool:
    """Whether a sale of what is reached counts for the One Stop Shop, or did."""
    row = connection.execute(
        f"SELECT EXISTS (FROM {kept}.{RUNNING} WHERE sale_id IN (SELECT id FROM reached))"
        f" OR EXISTS (FROM ledger.{RUNNING} WHERE sale_id IN (SELECT id FROM reached))"
    ).fetchone()
    return row != (False,)


def _whatever_the_turnover(sealed: Sealed) -> bool:
    """Whether the turnover decides nothing under these choices: registered, or nobody has said."""
    policy = sealed.choices.policy
    status = policy.get("oss_status")
    return status is None or (status == "on" and policy.get("oss_registered_from") is None)


def _changed_across_before(connection: duckdb.DuckDBPyConnection, kept: str, sealed: dict[str, date]) -> bool:
    """Whether something has changed on or before a day of whose sums a sealed entry was made."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE sealed AS"
        " SELECT unnest(?::VARCHAR[]) AS entry_id, unnest(?::DATE[]) AS day",
        [list(sealed), list(sealed.values())],
    )  # fmt: skip
    if connection.execute("SELECT min(event_day) <= (SELECT max(day) FROM sealed) FROM changed_across").fetchone() == (
        True,
    ):
        return True
    (last,) = connection.execute(
        # What has vanished may come back.
        f"SELECT max(day) FROM sealed WHERE entry_id NOT IN (SELECT entry_id FROM {kept}.entries"
        "  WHERE coalesce(sale_id, balance_transaction, source) IS NOT NULL"
        f"   AND kind NOT IN (SELECT kind FROM {kept}.across_postings))"
    ).fetchone() or (None,)
    return last is not None and any(day <= last for day in publish.find_changed_days(connection))


def _moved_otherwise(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a foreign account moves otherwise in what was put back: sums are carried on from today's moves."""
    sums = (
        "SELECT m.day, m.currency, m.account, sum(m.ore), sum(m.amount) FROM ({}) m SEMI JOIN ledger.foreign_accounts s"
        " ON s.account = m.account AND coalesce(s.currency, m.currency) = m.currency"
        " WHERE m.currency <> 'SEK' GROUP BY ALL"
    )
    made = sums.format("SELECT day, currency, account, ore, coalesce(amount, 0) AS amount FROM ledger.postings")
    stands = sums.format(
        "SELECT event_day AS day, currency, account, ((debit - credit) * 100)::BIGINT AS ore,"
        " coalesce(amount_currency, 0) AS amount FROM ledger.lines"
    )
    row = connection.execute(
        f"SELECT EXISTS (({made}) EXCEPT ({stands})) OR EXISTS (({stands}) EXCEPT ({made}))"
    ).fetchone()
    return row != (False,)
