-- Kronor per unit of a currency for every local day: the official rate, on a non-banking day the latest published one,
-- and who published it. A currency that was replaced is worth a fixed part of its successor from that day on.
-- Source of the rule: BOOKKEEPING.md, "Currency" (Riksbank publishes ECB's and Nasdaq's mid rates).
CREATE OR REPLACE TABLE ledger.exchange_rates AS
WITH days AS (
    SELECT unnest(generate_series(min(day), today(), INTERVAL 1 DAY))::DATE AS day FROM stripe.official_rates
),
currencies AS (SELECT DISTINCT currency FROM stripe.official_rates),
quoted AS (
    SELECT c.currency, d.day, r.sek_per_unit::DECIMAL(20, 10) AS sek_per_unit, r.day AS published, r.source
    FROM currencies c
    CROSS JOIN days d
    ASOF JOIN stripe.official_rates r ON r.currency = c.currency AND r.day <= d.day
)
SELECT q.* FROM quoted q
LEFT JOIN ledger.redenominations n ON n.currency = q.currency AND n.valid_from <= q.day
WHERE n.currency IS NULL
UNION ALL
SELECT n.currency, q.day,
       (round_div((q.sek_per_unit * 10000000000::DECIMAL(11, 0))::HUGEINT * 100000,
                  (n.units_per_successor * 100000)::HUGEINT)::DECIMAL(20, 0)
        * 0.0000000001::DECIMAL(11, 10))::DECIMAL(20, 10),
       q.published, q.source
FROM quoted q
JOIN ledger.redenominations n ON n.successor = q.currency AND n.valid_from <= q.day
UNION ALL
SELECT 'SEK', NULL, 1, NULL, NULL;
