-- 7: each automatic payout that Stripe has finished reconciling = the sum of its transactions, by the day it was made.
INSERT INTO sides BY NAME
WITH reconciled AS (
    SELECT p.id, p.currency, p.amount, coalesce(b.day, p.day) AS day
    FROM stripe.payouts p
    LEFT JOIN stripe.balance_transactions b ON b.id = p.balance_transaction
    WHERE p.automatic AND p.reconciliation_status = 'completed'
)
SELECT '7' AS equation, currency, id AS unit, day, units(amount, currency) AS left_side, 0 AS right_side
FROM reconciled WHERE day >= start_date()
UNION ALL BY NAME
SELECT '7' AS equation, r.currency, r.id AS unit, r.day, 0 AS left_side, units(sum(b.net)::BIGINT, r.currency) AS right_side
FROM reconciled r
JOIN stripe.payout_members m ON m.payout = r.id
JOIN stripe.balance_transactions b ON b.id = m.balance_transaction
WHERE r.day >= start_date()
GROUP BY r.id, r.currency, r.day;
