-- Kronor per unit of a currency for every local day: the official rate, on a non-banking day the latest published one.
-- Source of the rule: BOOKKEEPING.md, "Currency" (Riksbank publishes ECB's and Nasdaq's mid rates).
CREATE OR REPLACE TABLE ledger.exchange_rates AS
WITH days AS (
    SELECT unnest(generate_series(min(day), today(), INTERVAL 1 DAY))::DATE AS day FROM stripe.official_rates
),
currencies AS (SELECT DISTINCT currency FROM stripe.official_rates)
SELECT c.currency, d.day, r.sek_per_unit, r.day AS published
FROM currencies c
CROSS JOIN days d
ASOF JOIN stripe.official_rates r ON r.currency = c.currency AND r.day <= d.day
UNION ALL
SELECT 'SEK', NULL, 1, NULL;
