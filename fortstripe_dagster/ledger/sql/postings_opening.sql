-- What stood open at Stripe at the midnight when the books here begin: its balances, payouts on their way to the bank,
-- and disputes for which money had left. Posted only after a person approved it, or never where the books hold it.
-- Nothing without: ledger.opening_claims
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT 'opening:' || o.currency || ':'
               || CASE o.kind WHEN 'payout' THEN 'transit:' WHEN 'dispute' THEN 'disputed:' ELSE '' END || o.source AS entry_id,
           policy('start_date')::DATE AS day, 'opening' AS kind, CASE WHEN o.kind <> 'balance' THEN o.source END AS source,
           o.currency AS settlement,
           CASE o.kind
               WHEN 'payout' THEN 'Ingående saldo: utbetalning ' || o.source || ' på väg'
               WHEN 'dispute' THEN 'Ingående saldo: tvist ' || o.source
               ELSE 'Ingående saldo hos Stripe i ' || o.currency
           END AS text,
           o.currency, o.amount, o.ore,
           CASE o.kind
               WHEN 'payout' THEN account('transit:' || o.currency)
               WHEN 'dispute' THEN account('disputed')
               ELSE account('clearing:' || o.currency)
           END AS held_on
    FROM ledger.opening_claims o
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
    WHERE o.stood_open
)
SELECT e.* EXCLUDE (amount, held_on, ore), l.*
FROM entry e,
LATERAL (VALUES (1, e.held_on, e.ore, e.amount), (2, account('suspense'), -e.ore, -e.amount))
    AS l(line_no, account, ore, amount);
