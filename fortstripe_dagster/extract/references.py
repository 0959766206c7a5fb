"""Which objects must be fetched by id: referred to and absent, changed, not yet final, or looked up by rule.

Every question is a query over the typed tables; nothing here makes a request.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import duckdb

REFERRED = {
    "charges": """
        SELECT source FROM moved WHERE stream = 'charges' AND regexp_matches(source, '^(ch|py)_')
        UNION SELECT charge FROM stripe.refunds
        UNION SELECT charge FROM stripe.disputes
        UNION SELECT charge FROM stripe.invoice_payments""",
    "refunds": """
        SELECT source FROM moved WHERE stream = 'refunds' AND regexp_matches(source, '^(re|pyr)_')
        UNION SELECT refund FROM stripe.credit_note_refunds""",
    "disputes": "SELECT source FROM moved WHERE stream = 'disputes' AND regexp_matches(source, '^(dp|du)_')",
    "payouts": "SELECT source FROM moved WHERE stream = 'payouts' AND starts_with(source, 'po_')",
    "topups": "SELECT source FROM moved WHERE stream = 'charges' AND starts_with(source, 'tu_')",
    "transfers": "SELECT source FROM moved WHERE stream = 'charges' AND starts_with(source, 'tr_')",
    "application_fees": "SELECT source FROM moved WHERE stream = 'charges' AND starts_with(source, 'fee_')",
    "payment_intents": """
        SELECT payment_intent FROM stripe.charges
        WHERE payment_method_type IN ('card_present', 'interac_present') AND status = 'succeeded'""",
    "customers": """
        SELECT customer FROM stripe.charges
        UNION SELECT i.customer FROM stripe.invoices AS i JOIN reach ON stream = 'customers'
            AND i.created >= starts AND i.created < ends""",
    "invoices": "SELECT invoice FROM stripe.invoice_payments UNION SELECT invoice FROM stripe.credit_notes",
    "tax_rates": """
        SELECT tax_rate FROM stripe.invoice_lines UNION SELECT tax_rate FROM stripe.credit_note_lines
        UNION SELECT tax_rate FROM stripe.checkout_line_items""",
    "prices": "SELECT price FROM stripe.invoice_lines UNION SELECT price FROM stripe.checkout_line_items",
    "products": """
        SELECT product FROM stripe.invoice_lines UNION SELECT product FROM stripe.prices
        UNION SELECT product FROM stripe.checkout_line_items""",
}
"""For each stream, the ids that other objects refer to. Always from the balance transaction to its source.

Balance transactions are listed until now, beyond the days asked for; a source counts only where its own stream was
listed over the moment of the transaction, else the run that lists that day finds it.
"""

NOT_FINAL = {
    "charges": "SELECT id FROM stripe.charges WHERE status = 'pending'",
    "refunds": "SELECT id FROM stripe.refunds WHERE status IN ('pending', 'requires_action')",
    "disputes": """
        SELECT id FROM stripe.disputes WHERE status NOT IN ('won', 'lost', 'warning_closed', 'prevented')""",
    "payouts": """
        SELECT id FROM stripe.payouts
        WHERE status IN ('pending', 'in_transit')
            OR status = 'paid' AND arrival_date + 10 > $today
            OR reconciliation_status = 'in_progress' AND arrival_date + 30 > $today""",
    "invoices": "SELECT id FROM stripe.invoices WHERE status IN ('draft', 'open')",
    "topups": "SELECT id FROM stripe.topups WHERE status = 'pending'",
    "checkout_sessions": """
        SELECT id FROM stripe.checkout_sessions
        WHERE status = 'open' OR status = 'complete' AND payment_status = 'unpaid' AND created::DATE + 30 > $today""",
}
"""Stored objects that may still change by themselves. A paid payout can fail until 10 days after its arrival."""

_ABSENT = """
    WITH reach AS (  -- a list that was cut short by the clock reaches to the end of that day
        SELECT
            stream, to_timestamp(from_ts) AS starts,
            ((to_timestamp(to_ts - 1) AT TIME ZONE 'Europe/Stockholm')::DATE + 1)::TIMESTAMP
                AT TIME ZONE 'Europe/Stockholm' AS ends
        FROM stripe.coverage
    ),
    moved AS (
        SELECT stream, source FROM stripe.balance_transactions JOIN reach ON created >= starts AND created < ends
    )
    SELECT stream, list(DISTINCT id ORDER BY id)
    FROM ({union}) AS wanted(stream, id) ANTI JOIN stripe.raw_objects USING (stream, id)
    WHERE id IS NOT NULL GROUP BY stream
"""

_BEFORE = "fetched_at < coalesce((SELECT min(spent_at) FROM stripe.requests WHERE run_id = $run_id), now())"
_ANY_BEFORE = f"SELECT 1 FROM stripe.raw_objects WHERE {_BEFORE} LIMIT 1"

_NOT_READ_BY = f"""
    SELECT stream, list(id ORDER BY id)
    FROM stripe.raw_objects SEMI JOIN ({{union}}) AS open(stream, id) USING (stream, id)
    WHERE {_BEFORE}
    GROUP BY stream
"""

_MOVED_SINCE_READ = """
    WITH appeared AS (  -- when each was seen first, in whatever state
        SELECT stream, id, min(first_seen) AS appeared_at
        FROM (
            SELECT stream, id, first_seen FROM stripe.raw_objects
            UNION ALL SELECT stream, id, first_seen FROM stripe.raw_versions
        )
        WHERE stream IN ('balance_transactions', 'refunds', 'disputes') GROUP BY ALL
    ),
    runs AS (SELECT min(spent_at) AS began FROM stripe.requests GROUP BY run_id),
    found AS (SELECT stream, id, began, appeared_at FROM appeared ASOF JOIN runs ON appeared_at >= began),
    moved AS (
        SELECT source AS id, began FROM stripe.balance_transactions JOIN found USING (id)
            WHERE stream = 'balance_transactions'
        UNION ALL SELECT charge, began FROM stripe.refunds JOIN found USING (id) WHERE stream = 'refunds'
        -- No event names the charge of a dispute, and lists are read side by side: it may have been read before.
        UNION ALL SELECT charge, appeared_at FROM stripe.disputes JOIN found USING (id) WHERE stream = 'disputes'
    )
    SELECT known.stream, list(DISTINCT known.id ORDER BY known.id)
    FROM stripe.raw_objects AS known JOIN moved ON moved.id = known.id AND known.fetched_at < moved.began
    WHERE known.stream IN ('charges', 'refunds', 'disputes', 'payouts', 'topups') GROUP BY known.stream
"""

_OLD_CUSTOMERS = """
    SELECT DISTINCT c.payment_intent
    FROM stripe.charges AS c
    LEFT JOIN stripe.customers AS who ON who.id = c.customer
    WHERE c.payment_intent IS NOT NULL AND c.customer IS NOT NULL AND c.status <> 'failed'
        AND c.payment_intent NOT IN (
            SELECT payment_intent FROM stripe.invoice_payments WHERE payment_intent IS NOT NULL
            UNION SELECT payment_intent FROM stripe.lookups
        )
        AND NOT EXISTS (
            FROM stripe.coverage AS listed
            WHERE listed.stream = 'invoice_payments'
                AND to_timestamp(listed.from_ts) <= who.created AND c.created < to_timestamp(listed.to_ts)
        )
    ORDER BY 1
"""

SUBLISTS_WANTED = {
    "payout_members": """
        SELECT id FROM stripe.payouts
        ANTI JOIN stripe.raw_objects AS members ON members.stream = 'payout_members' AND members.id = payouts.id
        WHERE automatic AND reconciliation_status = 'completed'
            AND epoch(created) >= (SELECT min(from_ts) FROM stripe.coverage WHERE stream = 'balance_transactions')""",
    "customer_balance_transactions": """
        SELECT customer
        FROM (
            SELECT 'customers' AS stream, id, id AS customer FROM stripe.customers WHERE balance <> 0
            UNION ALL SELECT 'invoices', id, customer FROM stripe.invoices
                WHERE starting_balance <> 0 OR ending_balance <> 0
            UNION ALL SELECT 'credit_notes', id, customer FROM stripe.credit_notes
                WHERE customer_balance_transaction IS NOT NULL
        )
        JOIN stripe.raw_objects AS told USING (stream, id)
        JOIN stripe.customers AS who ON who.id = customer AND NOT who.deleted
        LEFT JOIN stripe.raw_objects AS known
            ON known.stream = 'customer_balance_transactions' AND known.id = customer
        WHERE known.id IS NULL OR known.fetched_at < told.first_seen""",
}
"""For each sublist that is read by a rule of its own, the objects whose list is absent or older than what moved it."""

_UNPLACED = """
    SELECT id FROM stripe.balance_transactions
    WHERE starts_with(source, 'trr_') AND source NOT IN (SELECT id FROM stripe.transfer_reversals)
        OR starts_with(source, 'fr_') AND source NOT IN (SELECT id FROM stripe.application_fee_refunds)
    ORDER BY created, id
"""

_COUPONS_UNREAD = """
    WITH named AS (
        SELECT id, discount ->> '$.id' AS discount
        FROM (SELECT id, unnest(json_extract(discounts, '$[*]')) AS discount FROM stripe.invoices)
        WHERE json_type(discount) = 'OBJECT'
    ),
    taken_off AS (
        SELECT invoice AS id, unnest(discounts, recursive := true) FROM stripe.invoice_lines WHERE discount_amount <> 0
    )
    SELECT 'invoices', list(DISTINCT id ORDER BY id)
    FROM (SELECT id, discount FROM taken_off) ANTI JOIN named USING (id, discount) HAVING count(*) > 0
    UNION ALL
    SELECT 'checkout_sessions', list(DISTINCT id ORDER BY id)
    FROM (SELECT id, unnest(json_extract(discounts, '$[*].coupon')) AS coupon FROM stripe.checkout_sessions
          WHERE status = 'complete' AND amount_discount <> 0)
    WHERE json_type(coupon) = 'VARCHAR' HAVING count(*) > 0
"""


@dataclass(frozen=True)
class Missing:
    """What must be fetched before the stored objects are complete; false when nothing is."""

    objects: dict[str, list[str]]
    """By stream, ids that are referred to and were never fetched."""
    intents: list[str]
    """Payment intents that may belong to an invoice payment older than what was listed.

    Without the look-up such a subscription payment would be booked twice: once as a payment of its own, once as its
    invoice. An invoice payment is never older than its customer nor younger than its charge, so where the list of
    invoice payments covers that whole stretch, it would have shown it. Guests have no invoices.
    """
    sublists: dict[str, list[str]]
    """By sublist, ids of the objects whose list is wanted."""
    unplaced: list[str]
    """Balance transactions of something taken back of which only a list inside an unknown object tells."""

    def __bool__(self) -> bool:
        return bool(self.objects or self.intents or self.sublists or self.unplaced)


def missing(connection: duckdb.DuckDBPyConnection, switched_off: Collection[str] = ()) -> Missing:
    """Ask what is missing of the streams that are read. Once objects are fetched, ask again: they refer to others."""
    referred = {stream: query for stream, query in REFERRED.items() if stream not in switched_off}
    wanted = f"SELECT stream, list(DISTINCT id ORDER BY id) FROM ({_union(SUBLISTS_WANTED)}) GROUP BY 1"
    return Missing(
        dict(connection.execute(_ABSENT.format(union=_union(referred))).fetchall()),
        _ids(connection, _OLD_CUSTOMERS),
        dict(connection.execute(wanted).fetchall()),
        [] if {"transfers", "application_fees"} & set(switched_off) else _ids(connection, _UNPLACED),
    )


def read_before(connection: duckdb.DuckDBPyConnection, run_id: str) -> bool:
    """Whether anything was read before this run: else nothing can have changed since."""
    return connection.execute(_ANY_BEFORE, {"run_id": run_id}).fetchone() is not None


def not_final(connection: duckdb.DuckDBPyConnection, today: date, run_id: str) -> dict[str, list[str]]:
    """Ids of objects that may have changed since they were read and that this run has not read yet, by stream."""
    query = _NOT_READ_BY.format(union=_union(NOT_FINAL))
    return dict(connection.execute(query, {"today": today, "run_id": run_id}).fetchall())


def moved_since_read(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids of stored objects on which money has moved since they were read, by stream.

    Since: in a run that began after they were read; in which order a run reads its streams does not matter.
    A payout that failed, a charge that was refunded: their movements show it even where no event did.
    """
    return dict(connection.execute(_MOVED_SINCE_READ).fetchall())


def coupons_unread(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids of invoices and sessions with a discount whose coupon was not asked for when they were read, by stream."""
    return dict(connection.execute(_COUPONS_UNREAD).fetchall())


def _union(queries: dict[str, str]) -> str:
    return " UNION ALL ".join(
        f"SELECT '{stream}' AS stream, id FROM ({query}) AS ids(id)" for stream, query in queries.items()
    )


def _ids(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [id for (id,) in connection.execute(query).fetchall()]
