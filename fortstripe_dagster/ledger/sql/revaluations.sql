-- Foreign balances at Stripe at the end of each month, valued at the official closing rate: clearing, transit and
-- reserves. Only where every day since the books began is covered, else the balance is not known. The difference is not
-- reversed: later movements are booked at their own day's rate, and the next month end starts from this value.
-- Nothing without: ledger.foreign_moves or ledger.postings WHERE kind = 'opening'
CREATE OR REPLACE TABLE ledger.revaluations AS
WITH moved AS (
    FROM ledger.foreign_moves
    UNION ALL BY NAME
    SELECT p.account, p.currency, p.day, p.ore, p.amount
    FROM ledger.postings p
    SEMI JOIN ledger.foreign_accounts s ON s.account = p.account AND coalesce(s.currency, p.currency) = p.currency
    WHERE p.kind = 'opening' AND p.currency <> 'SEK'
),
closed AS (
    SELECT day
    FROM (SELECT day, row_number() OVER (ORDER BY day) AS days_covered FROM ledger.covered_days)
    WHERE days_covered = day - policy('start_date')::DATE + 1 AND day = last_day(day) AND day < policy('today')::DATE
),
balances AS (
    SELECT c.day, m.account, m.currency, sum(m.amount)::BIGINT AS amount, sum(m.ore)::BIGINT AS moved_ore
    FROM closed c
    JOIN moved m ON m.day <= c.day
    GROUP BY c.day, m.account, m.currency
),
valued AS (
    -- No rate of the days before: better none than one of another month.
    SELECT b.*, CASE WHEN b.day - e.published <= 10 THEN e.sek_per_unit END AS sek_per_unit,
           CASE WHEN b.amount = 0 THEN 0
                WHEN b.day - e.published <= 10 THEN to_ore(b.amount, b.currency, e.sek_per_unit) END AS value_ore
    FROM balances b
    LEFT JOIN ledger.exchange_rates e ON e.currency = b.currency AND e.day = b.day
)
SELECT
    day, account, currency, amount, sek_per_unit, value_ore,
    moved_ore + coalesce(lag(value_ore - moved_ore) OVER through_time, 0) AS carried_ore,
    value_ore - carried_ore AS revaluation_ore
FROM valued
WINDOW through_time AS (PARTITION BY account, currency ORDER BY day);
