"""A merchant's year as extraction leaves it: the typed tables of schema `stripe`, made by SQL inside DuckDB.

The mix: cards and Swish without invoice, Stripe invoices with one to three lines (two in five payments), a seventh in
euro (half of it settled in euro), refunds with and without credit notes, disputes lost and won, payouts every banking
day, fees billed apart. Ids are as random as Stripe's, so that no index or zone map helps more than it would there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fortstripe_dagster.business_day import midnight
from fortstripe_dagster.extract.commit import create_tables
from fortstripe_dagster.warehouse import Warehouse

FIRST = date(2025, 1, 1)
LAST = date(2025, 12, 31)

_PREPARE = """
    SET preserve_insertion_order = false;
    CREATE OR REPLACE TEMP MACRO stripe_id(prefix, name) AS prefix || '_' || left(md5(name::VARCHAR), 24);
    CREATE OR REPLACE TEMP MACRO dice(number, salt, sides) AS (hash(number, salt) % sides)::INTEGER;
    CREATE OR REPLACE TEMP MACRO stockholm(moment) AS (moment AT TIME ZONE 'Europe/Stockholm')::DATE;
"""

_PAYMENTS = """
    CREATE OR REPLACE TEMP TABLE payments AS
    SELECT
        k, stripe_id('ch', k) AS id, stripe_id('pi', k) AS payment_intent, stripe_id('in', k) AS invoice,
        stripe_id('cus', dice(k, 'customer', $customers)) AS customer,
        to_timestamp($start + k * ($finish - $start) // $payments) AS created,
        dice(k, 'invoiced', 100) < 40 AS invoiced,
        CASE WHEN dice(k, 'euro', 100) < 15 THEN 'EUR' ELSE 'SEK' END AS currency,
        CASE WHEN currency = 'EUR' AND dice(k, 'settled', 2) = 0 THEN 'EUR' ELSE 'SEK' END AS settlement,
        (1000 + dice(k, 'amount', 199000))::BIGINT AS amount,
        CASE WHEN currency <> settlement THEN (amount * 1137 // 100)::BIGINT ELSE amount END AS settled_amount,
        (settled_amount * 15 // 1000 + 180)::BIGINT AS fee,
        dice(k, 'refunded', 1000) < 40 AS refunded,
        CASE WHEN dice(k, 'partial', 2) = 0 THEN amount ELSE amount // 3 END AS refund_amount,
        dice(k, 'disputed', 1000) < 3 AS disputed,
        dice(k, 'won', 10) < 3 AS won
    FROM range($payments) AS t(k)
"""

_TABLES = {
    "tax_rates": """
        SELECT 'txr_25' AS id, to_timestamp($start) AS created, 25 AS percentage, true AS inclusive, 'SE' AS country,
               'vat' AS tax_type, 'Moms' AS display_name, true AS active
    """,
    "products": """
        SELECT stripe_id('prod', k) AS id, to_timestamp($start) AS created, 'Plan ' || k AS name, true AS active,
               '{}' AS metadata
        FROM range(50) AS t(k)
    """,
    "customers": """
        SELECT stripe_id('cus', k) AS id, to_timestamp($start) AS created, 'Kund ' || k AS name,
               'kund' || k || '@example.com' AS email,
               CASE WHEN dice(k, 'where', 100) < 80 THEN 'SE' WHEN dice(k, 'where', 100) < 95 THEN 'DE' ELSE 'US' END
                   AS country,
               'Storgatan 1' AS line1, 'Stockholm' AS city, '11122' AS postal_code, 'none' AS tax_exempt,
               false AS deleted, '{}' AS metadata
        FROM range($customers) AS t(k)
    """,
    "customer_tax_ids": """
        SELECT stripe_id('txi', k) AS id, stripe_id('cus', k) AS customer, 'eu_vat' AS type,
               'DE' || lpad(k::VARCHAR, 9, '1') AS value, 'verified' AS verification_status
        FROM range($customers) AS t(k) WHERE dice(k, 'where', 100) BETWEEN 80 AND 86
    """,
    "charges": """
        SELECT id, created, stockholm(created) AS day, amount, amount AS amount_captured,
               CASE WHEN refunded THEN refund_amount ELSE 0 END AS amount_refunded, currency, customer, payment_intent,
               stripe_id('txn', id) AS balance_transaction, 'succeeded' AS status, true AS paid, true AS captured,
               disputed, CASE WHEN NOT invoiced THEN 'Order ' || k END AS description, 'SE' AS card_country,
               CASE WHEN currency = 'SEK' AND dice(k, 'swish', 5) = 0 THEN 'swish' ELSE 'card' END
                   AS payment_method_type,
               '{}' AS metadata
        FROM payments ORDER BY created
    """,
    "invoices": """
        SELECT invoice AS id, 'INV-' || k AS number, created, 'paid' AS status, customer, currency, amount AS subtotal,
               amount AS total, amount AS amount_due, amount AS amount_paid, 0 AS amount_remaining,
               created AS effective_at, created AS finalized_at, created AS paid_at, 'Kund' AS customer_name,
               'SE' AS customer_country, 'none' AS customer_tax_exempt, '[]' AS customer_tax_ids,
               'charge_automatically' AS collection_method
        FROM payments WHERE invoiced ORDER BY created
    """,
    "invoice_lines": """
        SELECT stripe_id('il', k || ':' || n) AS id, invoice, n AS position, 'Abonnemang' AS description, 1 AS quantity,
               CASE WHEN n = lines THEN amount - (lines - 1) * (amount // lines) ELSE amount // lines END AS amount,
               currency, 0 AS discount_amount, created AS period_start, created + INTERVAL 30 DAY AS period_end,
               stripe_id('prod', dice(k, n, 50)) AS product, (amount // lines) // 5 AS tax_amount,
               'inclusive' AS tax_behavior, 'txr_25' AS tax_rate, 'standard_rated' AS taxability_reason,
               '{}' AS metadata
        FROM (SELECT *, 1 + dice(k, 'lines', 3) AS lines, unnest(range(1, lines + 1))::INTEGER AS n
              FROM payments WHERE invoiced)
        ORDER BY created
    """,
    "invoice_payments": """
        SELECT stripe_id('inpay', k) AS id, created, invoice, 'payment_intent' AS payment_type, payment_intent,
               amount AS amount_paid, amount AS amount_requested, currency, 'paid' AS status, created AS paid_at,
               true AS is_default
        FROM payments WHERE invoiced ORDER BY created
    """,
    "refunds": """
        SELECT stripe_id('re', k) AS id, created + INTERVAL 5 DAY AS created,
               stockholm(created + INTERVAL 5 DAY) AS day,
               refund_amount AS amount, currency, id AS charge, payment_intent,
               stripe_id('txn', 're' || k) AS balance_transaction, 'succeeded' AS status
        FROM payments WHERE refunded ORDER BY created
    """,
    "credit_notes": """
        SELECT stripe_id('cn', k) AS id, 'CN-' || k AS number, created + INTERVAL 5 DAY AS created, invoice, customer,
               currency, refund_amount AS amount, refund_amount AS total, 'issued' AS status,
               created + INTERVAL 5 DAY AS effective_at
        FROM payments WHERE refunded AND invoiced AND dice(k, 'noted', 2) = 0
    """,
    "credit_note_refunds": """
        SELECT stripe_id('cn', k) AS credit_note, stripe_id('re', k) AS refund, refund_amount AS amount_refunded
        FROM payments WHERE refunded AND invoiced AND dice(k, 'noted', 2) = 0
    """,
    "disputes": """
        SELECT stripe_id('dp', k) AS id, created + INTERVAL 20 DAY AS created,
               stockholm(created + INTERVAL 20 DAY) AS day,
               amount, currency, id AS charge, payment_intent, CASE WHEN won THEN 'won' ELSE 'lost' END AS status,
               'fraudulent' AS reason
        FROM payments WHERE disputed
    """,
    "events": """
        SELECT stripe_id('evt', k) AS id, created + INTERVAL 45 DAY AS created,
               stockholm(created + INTERVAL 45 DAY) AS day, 'charge.dispute.closed' AS type,
               stripe_id('dp', k) AS object_id, 'dispute' AS object_type
        FROM payments WHERE disputed
    """,
    "balance_transactions": """
        WITH moved AS (
            SELECT stripe_id('txn', id) AS id, created, 'charge' AS type, 'charge' AS reporting_category,
                   settlement AS currency, settled_amount AS amount, fee, id AS source FROM payments
            UNION ALL
            SELECT stripe_id('txn', 're' || k), created + INTERVAL 5 DAY, 'refund', 'refund', settlement,
                   -(settled_amount * refund_amount // amount), 0, stripe_id('re', k) FROM payments WHERE refunded
            UNION ALL
            SELECT stripe_id('txn', 'dp' || k), created + INTERVAL 20 DAY, 'adjustment', 'dispute', settlement,
                   -settled_amount, 17500, stripe_id('dp', k) FROM payments WHERE disputed
            UNION ALL
            SELECT stripe_id('txn', 'won' || k), created + INTERVAL 45 DAY, 'adjustment', 'dispute_reversal',
                   settlement, settled_amount, 0, stripe_id('dp', k) FROM payments WHERE disputed AND won
        ),
        days AS (
            SELECT to_timestamp($start) + INTERVAL 12 HOUR + INTERVAL 1 DAY * d AS noon, d FROM range($days) AS t(d)
        ),
        billed AS (
            SELECT stripe_id('txn', 'fee' || d), noon, 'stripe_fee', 'fee', 'SEK', -4900, 0, NULL FROM days
        ),
        paid_out AS (
            SELECT stripe_id('txn', 'po' || d.d || m.currency), max(d.noon), 'payout', 'payout', m.currency,
                   -sum(m.amount - m.fee)::BIGINT, 0, stripe_id('po', d.d || m.currency)
            FROM moved m JOIN days d ON stockholm(d.noon) = stockholm(m.created) + 1
            GROUP BY d.d, m.currency HAVING sum(m.amount - m.fee) > 0
        )
        SELECT id, created, stockholm(created) AS day, type, reporting_category, 'payments' AS balance_type, currency,
               amount, fee, amount - fee AS net, source,
               CASE type WHEN 'stripe_fee' THEN 'Billing (2025-01-01)' END AS description, 'available' AS status,
               CASE WHEN fee = 0 THEN '[]'
                    ELSE '[{"amount":' || fee || ',"currency":"' || lower(currency) || '","type":"stripe_fee"}]' END
                   AS fee_details
        FROM (SELECT * FROM moved UNION ALL SELECT * FROM billed UNION ALL SELECT * FROM paid_out)
        ORDER BY created
    """,
    "payouts": """
        SELECT source AS id, created, day, -amount AS amount, currency, 'paid' AS status, day + 2 AS arrival_date,
               true AS automatic, 'standard' AS method, id AS balance_transaction, 'completed' AS reconciliation_status
        FROM stripe.balance_transactions WHERE type = 'payout'
    """,
    "official_rates": """
        SELECT 'EUR' AS currency, stockholm(to_timestamp($start)) + d::INTEGER - 5 AS day,
               (11 + 0.01 * (d % 40))::DECIMAL(18, 6) AS sek_per_unit, 'Riksbank' AS source
        FROM range($days + 70) AS t(d)
    """,
    "windows": """
        SELECT 'charges' AS stream, $start AS from_ts, $finish AS to_ts, now() AS fetched_at, 0 AS rows, 0 AS requests
    """,
}


def write(path: Path, balance_transactions: int) -> None:
    """Make a warehouse at `path` that holds a year with about that many balance transactions."""
    payments = round(balance_transactions / 1.045)
    start, finish = midnight(FIRST), midnight(date(LAST.year + 1, 1, 1))
    sizes = {
        "payments": payments,
        "customers": max(payments // 5, 1),
        "start": start,
        "finish": finish,
        "days": (LAST - FIRST).days + 1,
    }
    with Warehouse(path).writer() as connection:
        create_tables(connection)
        connection.execute(_PREPARE)
        connection.execute(_PAYMENTS, {name: sizes[name] for name in ("payments", "customers", "start", "finish")})
        for table, query in _TABLES.items():
            wanted = {name: value for name, value in sizes.items() if f"${name}" in query}
            connection.execute(f"INSERT INTO stripe.{table} BY NAME {query}", wanted)
