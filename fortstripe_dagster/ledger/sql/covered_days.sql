-- The local days whose charges have been extracted: the ledger says nothing of other days.
CREATE OR REPLACE TABLE ledger.covered_days AS
WITH windows AS (
    SELECT to_timestamp(from_ts) AS starts, to_timestamp(to_ts) AS ends FROM stripe.windows WHERE stream = 'charges'
),
days AS (
    SELECT unnest(generate_series(local_day(starts), local_day(ends), INTERVAL 1 DAY))::DATE AS day, starts, ends
    FROM windows
)
-- A window that was cut short by the clock covers its last day too: today's sales so far are in the ledger.
SELECT DISTINCT day FROM days
WHERE day >= policy('start_date')::DATE
  AND starts <= (day::TIMESTAMP AT TIME ZONE 'Europe/Stockholm')
  AND ends > (day::TIMESTAMP AT TIME ZONE 'Europe/Stockholm');
