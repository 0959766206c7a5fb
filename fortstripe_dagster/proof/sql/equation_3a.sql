-- 3a: payouts created that neither arrived nor failed = ledger transit, in the payout's currency. Top-ups stand there
-- with the opposite sign until the bank has sent them. Where a bank feed books the arrivals, none stands in the ledger,
-- and only failed payouts leave it.
INSERT INTO sides BY NAME
WITH ever_paid AS (
    SELECT id FROM stripe.payouts WHERE status = 'paid'
    UNION
    SELECT id FROM stripe.raw_versions WHERE stream = 'payouts' AND json_extract_string(raw, '$.status') = 'paid'
    UNION
    -- Stripe's own word where the payout had failed before it was first read.
    SELECT p.id
    FROM stripe.events e
    JOIN stripe.payouts p ON p.id = e.object_id
    JOIN stripe.balance_transactions f ON f.id = p.failure_balance_transaction
    WHERE e.type = 'payout.paid' AND e.created < f.created
),
payouts AS (
    SELECT p.id, p.currency, p.amount, coalesce(b.day, p.day) AS created,
           CASE WHEN p.id IN (SELECT id FROM ever_paid) AND p.arrival_date < choice('today')::DATE
                THEN p.arrival_date END AS arrived,
           CASE WHEN p.status IN ('failed', 'canceled') THEN f.day END AS failed
    FROM stripe.payouts p
    LEFT JOIN stripe.balance_transactions b ON b.id = p.balance_transaction
    LEFT JOIN stripe.balance_transactions f ON f.id = p.failure_balance_transaction
),
closed AS (
    SELECT *, CASE WHEN policy('bank_leg') = 'book' AND arrived < coalesce(failed, DATE '9999-12-31') THEN arrived
                   ELSE failed END AS gone
    FROM payouts WHERE created >= start_date()
    UNION ALL
    -- What was on its way when the books began.
    SELECT p.* REPLACE (start_date() AS created),
           CASE WHEN policy('bank_leg') = 'book' AND p.arrived < coalesce(p.failed, DATE '9999-12-31') THEN p.arrived
                ELSE p.failed END
    FROM payouts p JOIN stripe.opening_payouts o ON o.payout = p.id AND o.on_its_way
    WHERE p.created < start_date()
),
topups AS (
    SELECT t.id, t.currency, t.amount, b.day AS created,
           -- Stripe does not always tell the day; the money is on the balance, so the bank has sent it by then.
           CASE WHEN t.status = 'succeeded' AND coalesce(t.arrival_date, b.day) < choice('today')::DATE
                 AND policy('bank_leg') = 'book'
                THEN coalesce(t.arrival_date, b.day) END AS sent
    FROM stripe.topups t
    JOIN stripe.balance_transactions b ON b.id = t.balance_transaction
    WHERE b.day >= start_date()
),
events AS (
    SELECT id, currency, created AS day, amount FROM closed
    UNION ALL SELECT id, currency, gone, -amount FROM closed WHERE gone IS NOT NULL
    UNION ALL SELECT id, currency, created, -amount FROM topups
    UNION ALL SELECT id, currency, sent, amount FROM topups WHERE sent IS NOT NULL
    UNION ALL
    SELECT b.source, b.currency, b.day, -b.amount FROM stripe.balance_transactions b
    WHERE b.type = 'topup_reversal' AND b.day >= start_date()
)
SELECT '3a' AS equation, currency, coalesce(account('transit:' || currency), '') AS account, id AS unit, day,
       units(amount, currency) AS left_side
FROM events;

INSERT INTO sides BY NAME
SELECT '3a' AS equation, l.currency, l.account, e.source AS unit, l.event_day AS day,
       units(l.amount_currency, l.currency) AS right_side
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
WHERE l.account = account('transit:' || l.currency);
