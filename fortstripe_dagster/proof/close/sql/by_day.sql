-- The month day by day, in kronor; what the charts show. The balance is that of all clearing accounts together.
WITH days AS (
    SELECT unnest(generate_series(month_first(), month_last(), INTERVAL 1 DAY))::DATE AS day
),
sold AS (
    SELECT event_day AS day, sum(kronor(gross_ore)) AS kronor FROM ledger.sales WHERE NOT before_start GROUP BY 1
),
fees AS (
    SELECT day, sum(kronor(amount_ore)) AS kronor FROM ledger.fees GROUP BY 1
),
cleared AS (
    SELECT l.event_day AS day, sum(debit - credit) AS moved,
           sum(credit - debit) FILTER (e.kind = 'refund') AS refunded,
           sum(credit - debit) FILTER (e.kind = 'payout') AS paid_out
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (FROM accounts_for('clearing:.*'))
    GROUP BY 1
),
running AS (
    SELECT day, sum(moved) OVER (ORDER BY day) AS balance FROM cleared
)
SELECT d.day, coalesce(s.kronor, 0)::DECIMAL(18, 2) AS sales, coalesce(c.refunded, 0)::DECIMAL(18, 2) AS refunds,
       coalesce(f.kronor, 0)::DECIMAL(18, 2) AS fees, coalesce(c.paid_out, 0)::DECIMAL(18, 2) AS payouts,
       coalesce((SELECT max_by(balance, r.day) FROM running r WHERE r.day <= d.day), 0)::DECIMAL(18, 2) AS clearing_balance
FROM days d
LEFT JOIN sold s USING (day)
LEFT JOIN fees f USING (day)
LEFT JOIN cleared c USING (day)
ORDER BY d.day
