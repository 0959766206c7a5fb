-- Cut-off (periodavgränsning): everything ten days each side of both turns of the month, by the local day it happened on
-- and the day it is booked on in Fortnox.
WITH turns AS (
    SELECT unnest([month_first(), month_last() + 1]) AS turn
),
booked AS (
    SELECT entry_id, sum(debit) AS kronor FROM ledger.lines GROUP BY entry_id
)
SELECT t.turn, e.event_day AS day, strftime(b.created AT TIME ZONE 'Europe/Stockholm', '%Y-%m-%d %H:%M:%S') AS happened_at,
       e.entry_id AS entry, e.kind, coalesce(e.text, '') AS text, k.kronor::DECIMAL(18, 2) AS kronor,
       coalesce(d.document, '') AS document, d.voucher_day AS booked_on,
       CASE WHEN date_trunc('month', d.voucher_day) <> date_trunc('month', e.event_day) THEN 'other_period' ELSE '' END AS remark
FROM turns t
JOIN ledger.entries e ON e.event_day BETWEEN t.turn - 10 AND t.turn + 9
JOIN booked k USING (entry_id)
LEFT JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
LEFT JOIN entry_documents d USING (entry_id)
ORDER BY t.turn, e.event_day, e.entry_id
