-- What was Stripe's, or on its way, at the midnight when the books here begin, valued at that day's official rate: balances,
-- payouts that had not come to their end, disputes for which money had left. A payout that had reached the bank and came
-- back later was settled at that midnight (`stood_open`).
-- Nothing without: stripe.opening_balances WHERE opening <> 0 or stripe.opening_payouts or stripe.opening_disputes
CREATE OR REPLACE TABLE ledger.opening_claims AS
WITH claims AS (
    SELECT 'balance' AS kind, balance_type AS source, currency, opening AS amount, true AS stood_open
    FROM stripe.opening_balances
    WHERE opening <> 0
    UNION ALL
    SELECT 'payout', payout, currency, amount, on_its_way FROM stripe.opening_payouts
    UNION ALL
    SELECT 'dispute', dispute, currency, amount, true FROM stripe.opening_disputes
)
SELECT c.*, to_ore(c.amount, c.currency, r.sek_per_unit) AS ore
FROM claims c
JOIN ledger.exchange_rates r
  ON r.currency = c.currency AND r.day IS NOT DISTINCT FROM rate_day(policy('start_date')::DATE, c.currency);
