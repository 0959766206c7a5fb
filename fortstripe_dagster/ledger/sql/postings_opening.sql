-- What Stripe owed the company when the books here begin. Posted only after a person approved it.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT 'opening:' || o.currency || ':' || o.balance_type AS entry_id, policy('start_date')::DATE AS day,
           'opening' AS kind, o.currency AS settlement, 'Ingående saldo hos Stripe i ' || o.currency AS text, o.currency,
           o.opening AS amount, to_ore(o.opening, o.currency, e.sek_per_unit) AS ore
    FROM stripe.opening_balances o
    JOIN ledger.exchange_rates e
      ON e.currency = o.currency AND (o.currency = 'SEK' OR e.day = policy('start_date')::DATE)
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
    WHERE o.opening <> 0
)
SELECT e.* EXCLUDE (amount, ore), l.*
FROM entry e,
LATERAL (VALUES (1, account('clearing:' || e.currency), e.ore, e.amount), (2, account('suspense'), -e.ore, -e.amount))
    AS l(line_no, account, ore, amount);
