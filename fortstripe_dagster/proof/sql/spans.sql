-- For how long, and by how much, a unit's two sides differ. `settles` says that they meet on a later day by themselves.
CREATE OR REPLACE TEMP TABLE spans AS
WITH changes AS (
    SELECT equation, balance_type, currency, account, unit, day, sum(left_side) - sum(right_side) AS change
    FROM sides GROUP BY ALL
    HAVING sum(left_side) <> sum(right_side)
),
running AS (
    SELECT *,
           sum(change) OVER (PARTITION BY equation, balance_type, currency, account, unit ORDER BY day) AS amount,
           lead(day) OVER (PARTITION BY equation, balance_type, currency, account, unit ORDER BY day) AS next_day,
           sum(change) OVER (PARTITION BY equation, balance_type, currency, account, unit) = 0 AS settles
    FROM changes
)
SELECT equation, balance_type, currency, account, unit, amount::DECIMAL(18, 3) AS amount, settles,
       day AS first_day, next_day - 1 AS last_day
FROM running
WHERE amount <> 0
  AND (equation = '4b' OR (day <= choice('last')::DATE AND coalesce(next_day > choice('first')::DATE, true)));

-- Every finding by name. `difference` is its part of the equation's difference; 0 where it only tells something.
-- severity: alarm = wrong until somebody mends it; waits = known, and a person has to do something; info = nothing to do.
CREATE OR REPLACE TEMP TABLE found (
    equation VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL DEFAULT '',
    currency VARCHAR NOT NULL DEFAULT '',
    account VARCHAR NOT NULL DEFAULT '',
    kind VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    amount DECIMAL(18, 3) NOT NULL,
    difference DECIMAL(18, 3) NOT NULL DEFAULT 0,
    severity VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    remedy VARCHAR NOT NULL DEFAULT '',
    first_day DATE NOT NULL,
    last_day DATE
);
