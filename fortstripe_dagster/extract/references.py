"""Which objects must be fetched by id: referred to and absent, not yet final, or looked up by rule.

Every question is a query over the typed tables; nothing here makes a request.
"""

from __future__ import annotations

from datetime import date

import duckdb

REFERRED = {
    "charges": """
        SELECT source FROM stripe.balance_transactions WHERE regexp_matches(source, '^(ch|py)_')
        UNION SELECT charge FROM stripe.refunds
        UNION SELECT charge FROM stripe.disputes
        UNION SELECT charge FROM stripe.invoice_payments""",
    "refunds": """
        SELECT source FROM stripe.balance_transactions WHERE regexp_matches(source, '^(re|pyr)_')
        UNION SELECT refund FROM stripe.credit_note_refunds""",
    "disputes": "SELECT source FROM stripe.balance_transactions WHERE regexp_matches(source, '^(dp|du)_')",
    "payouts": "SELECT source FROM stripe.balance_transactions WHERE starts_with(source, 'po_')",
    "topups": "SELECT source FROM stripe.balance_transactions WHERE starts_with(source, 'tu_')",
    "customers": "SELECT customer FROM stripe.charges UNION SELECT customer FROM stripe.invoices",
    "invoices": "SELECT invoice FROM stripe.invoice_payments UNION SELECT invoice FROM stripe.credit_notes",
    "tax_rates": "SELECT tax_rate FROM stripe.invoice_lines UNION SELECT tax_rate FROM stripe.credit_note_lines",
    "prices": "SELECT price FROM stripe.invoice_lines",
    "products": "SELECT product FROM stripe.invoice_lines UNION SELECT product FROM stripe.prices",
}
"""For each stream, the ids that other objects refer to. Always from the balance transaction to its source."""

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
}
"""Stored objects that may still change by themselves. A paid payout can fail until 10 days after its arrival."""

_ABSENT = """
    SELECT DISTINCT wanted.id FROM ({query}) AS wanted(id)
    ANTI JOIN stripe.raw_objects AS known ON known.stream = ? AND known.id = wanted.id
    WHERE wanted.id IS NOT NULL ORDER BY 1
"""

_NOT_READ_BY = """
    SELECT id FROM stripe.raw_objects
    WHERE stream = $stream AND id IN ({query})
        AND fetched_at < coalesce((SELECT min(spent_at) FROM stripe.requests WHERE run_id = $run_id), now())
    ORDER BY id
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

_PAYOUTS_WITHOUT_MEMBERS = """
    SELECT p.id FROM stripe.payouts AS p
    ANTI JOIN stripe.raw_objects AS members ON members.stream = 'payout_members' AND members.id = p.id
    WHERE p.automatic AND p.reconciliation_status = 'completed' ORDER BY p.created, p.id
"""


def absent(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids that are referred to and were never fetched, by stream."""
    found = {}
    for stream, query in REFERRED.items():
        rows = connection.execute(_ABSENT.format(query=query), [stream]).fetchall()
        if rows:
            found[stream] = [id for (id,) in rows]
    return found


def not_final(connection: duckdb.DuckDBPyConnection, today: date, run_id: str) -> dict[str, list[str]]:
    """Ids of objects that may have changed since they were read and that this run has not read yet, by stream."""
    found = {}
    for stream, query in NOT_FINAL.items():
        parameters = {"stream": stream, "run_id": run_id} | ({"today": today} if "$today" in query else {})
        rows = connection.execute(_NOT_READ_BY.format(query=query), parameters).fetchall()
        if rows:
            found[stream] = [id for (id,) in rows]
    return found


def intents_to_look_up(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Payment intents that may belong to an invoice payment older than what was listed.

    Without the look-up such a subscription payment would be booked twice: once as a payment of its own, once as its
    invoice. An invoice payment is never older than its customer and not younger than its charge, so where the list of
    invoice payments covers that whole stretch, it would have shown it. Guests have no invoices.
    """
    return [intent for (intent,) in connection.execute(_OLD_CUSTOMERS).fetchall()]


def payouts_without_members(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Automatic payouts that Stripe has reconciled and whose transactions were not yet listed."""
    return [id for (id,) in connection.execute(_PAYOUTS_WITHOUT_MEMBERS).fetchall()]
