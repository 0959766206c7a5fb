-- Money that Stripe keeps back and gives again by a second transaction.
CREATE OR REPLACE TEMP MACRO held_back(type, category) AS
    type LIKE '%reserve%' OR type LIKE 'payout_minimum_balance%' OR category LIKE '%reserved_funds';

-- 4a: the whole claim on Stripe: what all balance transactions left there, what is on its way to the bank and what
-- Stripe holds in reserve = clearing + transit + reserves of the ledger.
INSERT INTO sides BY NAME
SELECT '4a' AS equation, currency, unit, day, left_side, right_side FROM sides WHERE equation IN ('1', '3a');

INSERT INTO sides BY NAME
SELECT '4a' AS equation, b.currency, b.id AS unit, b.day, units(-b.net, b.currency) AS left_side
FROM stripe.balance_transactions b
WHERE held_back(b.type, b.reporting_category) AND b.day >= start_date() AND b.net <> 0;

INSERT INTO sides BY NAME
SELECT '4a' AS equation, l.currency, b.id AS unit, l.event_day AS day, units(l.amount_currency, l.currency) AS right_side
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
WHERE held_back(b.type, b.reporting_category) AND l.account <> account('clearing:' || l.currency);

-- 4b: the balance as Stripe itself tells it, compared at the moment of reading only: the latest reading that the listed
-- transactions reach up to, or at first the one beside the list. A payment made in between would look like a difference.
CREATE OR REPLACE TEMP TABLE readings AS
WITH listed AS (SELECT to_timestamp(max(to_ts)) AS until FROM stripe.windows WHERE stream = 'balance_transactions')
SELECT b.read_at, b.balance_type, b.currency, units(b.available + b.pending, b.currency) AS stripe_says,
       b.read_at <= l.until AS reached
FROM stripe.balances b, listed l
WHERE b.read_at >= (start_date()::TIMESTAMP AT TIME ZONE 'Europe/Stockholm')
  AND b.read_at <= l.until + INTERVAL 1 MINUTE
QUALIFY row_number() OVER (PARTITION BY balance_type, currency ORDER BY reached DESC, read_at DESC) = 1;

INSERT INTO sides BY NAME
SELECT '4b' AS equation, balance_type, currency, 'reading' AS unit,
       (read_at AT TIME ZONE 'Europe/Stockholm')::DATE AS day, stripe_says AS left_side
FROM readings;

INSERT INTO sides BY NAME
SELECT '4b' AS equation, r.balance_type, r.currency, 'reading' AS unit,
       (r.read_at AT TIME ZONE 'Europe/Stockholm')::DATE AS day,
       units(coalesce(any_value(o.opening), 0) + coalesce(sum(b.net), 0)::BIGINT, r.currency) AS right_side
FROM readings r
LEFT JOIN stripe.opening_balances o USING (balance_type, currency)
LEFT JOIN stripe.balance_transactions b
  ON b.balance_type = r.balance_type AND b.currency = r.currency AND b.day >= start_date() AND b.created <= r.read_at
GROUP BY r.read_at, r.balance_type, r.currency;
