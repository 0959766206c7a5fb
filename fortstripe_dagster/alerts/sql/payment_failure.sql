-- Payments that were tried and failed, a line for each of the last days that are over.
WITH recent AS (
    SELECT * FROM stripe.payment_failures
    WHERE day < getvariable('today') AND day >= getvariable('today') - getvariable('failed_payment_days')
),
sums AS (
    SELECT day, currency, count(*) AS failures, sum(amount)::BIGINT AS amount FROM recent GROUP BY day, currency
),
codes AS (
    SELECT day, coalesce(failure_code, 'no reason given') AS code, count(*) AS failures FROM recent GROUP BY ALL
)
SELECT
    day::VARCHAR AS subject,
    sum(s.failures) || CASE WHEN sum(s.failures) > 1 THEN ' payments' ELSE ' payment' END || ' of ' || day || ' failed: '
        || string_agg(money(s.amount, s.currency), ', ' ORDER BY s.currency) || '. Most often: '
        || (SELECT string_agg(code || ' ' || failures, ', ' ORDER BY failures DESC, code)
            FROM (FROM codes c WHERE c.day = s.day ORDER BY failures DESC, code LIMIT 3)) || '.' AS text,
    'Stripe retries invoices by itself; remind the others, or ask them for another card.' AS remedy,
    false AS urgent,
    false AS lasts
FROM sums s
GROUP BY day
ORDER BY day;
