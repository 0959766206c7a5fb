-- Money between Stripe and the bank: payouts that arrived (on their arrival date, only once paid and past), arrivals that
-- were taken back because the payout failed afterwards, and top-ups that left the bank.
-- Nothing without: stripe.payouts or stripe.topups
CREATE OR REPLACE TABLE ledger.bank_events AS
WITH ever_paid AS (
    SELECT id FROM stripe.payouts WHERE status = 'paid'
    UNION
    SELECT id FROM stripe.raw_versions
    WHERE stream = 'payouts' AND json_extract_string(raw, '$.status') = 'paid'
    UNION
    -- Stripe's own word where the payout had failed before it was first read.
    SELECT p.id
    FROM stripe.events e
    JOIN stripe.payouts p ON p.id = e.object_id
    JOIN stripe.balance_transactions f ON f.id = p.failure_balance_transaction
    WHERE e.type = 'payout.paid' AND e.created < f.created
),
made AS (
    SELECT source AS id, currency, -amount AS amount, -amount_ore AS ore FROM ledger.movements WHERE treatment = 'payout'
    UNION ALL
    -- Those that were on their way when the books began were made before.
    SELECT source, currency, amount, ore FROM ledger.opening_claims WHERE kind = 'payout'
),
sent AS (
    SELECT p.id, p.arrival_date, m.currency, m.amount, m.ore,
           (SELECT min(f.day) FROM ledger.movements f WHERE f.source = p.id AND f.treatment = 'payout_failed') AS failed_day
    FROM stripe.payouts p
    JOIN made m ON m.id = p.id
    JOIN ever_paid e ON e.id = p.id
    WHERE p.arrival_date < policy('today')::DATE
)
SELECT id || ':arrived' AS entry_id, 'payout_arrived' AS kind, arrival_date AS day, id AS source, currency, amount, ore,
       'Utbetalning ' || id || ' till banken' AS text
FROM sent WHERE arrival_date >= policy('start_date')::DATE AND (failed_day IS NULL OR failed_day > arrival_date)
UNION ALL
SELECT id || ':returned', 'payout_returned', failed_day, id, currency, -amount, -ore,
       'Utbetalning ' || id || ' kom tillbaka'
FROM sent WHERE failed_day > arrival_date
UNION ALL
SELECT t.id || ':sent', 'topup_sent', coalesce(t.arrival_date, m.day), t.id, m.currency, -m.amount, -m.amount_ore,
       'Insättning ' || t.id || ' från banken'
FROM stripe.topups t
JOIN ledger.movements m ON m.source = t.id AND m.treatment = 'topup'
WHERE t.status = 'succeeded' AND coalesce(t.arrival_date, m.day) < policy('today')::DATE;
