-- Disputes that were lost, with the moment of the loss (Stripe's closing event, else when we first saw the dispute lost)
-- and what the company decided for their reason: goods that came back are a credit, goods that are gone a bad debt.
-- Nothing without: stripe.disputes
CREATE OR REPLACE TABLE ledger.lost_disputes AS
WITH seen AS (
    SELECT id, min(seen_at) AS seen_at
    FROM (
        SELECT id, first_seen AS seen_at, raw FROM stripe.raw_versions WHERE stream = 'disputes'
        UNION ALL
        SELECT id, first_seen, raw FROM stripe.raw_objects WHERE stream = 'disputes'
    )
    WHERE json_extract_string(raw, '$.status') = 'lost'
    GROUP BY id
),
closed AS (
    SELECT object_id AS id, max(created) AS closed_at FROM stripe.events
    WHERE type = 'charge.dispute.closed' GROUP BY object_id
)
SELECT d.id AS dispute, d.charge, d.amount, d.reason, coalesce(c.closed_at, s.seen_at) AS lost_at,
       local_day(coalesce(c.closed_at, s.seen_at)) AS event_day,
       coalesce(policy('dispute_lost:' || d.reason), policy('dispute_lost:default')) AS treatment
FROM stripe.disputes d
LEFT JOIN closed c ON c.id = d.id
LEFT JOIN seen s ON s.id = d.id
-- One for which no money moved since the books began, nor was out when they did, was lost before.
WHERE d.status = 'lost'
  AND (d.id IN (SELECT source FROM stripe.balance_transactions WHERE day >= policy('start_date')::DATE)
       OR d.id IN (SELECT dispute FROM stripe.opening_disputes));
