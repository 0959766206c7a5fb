-- Payouts on their way to the bank when the month ended, and when they arrived.
WITH on_their_way AS (
    SELECT l.account, e.source, sum(l.debit - l.credit) AS kronor
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (FROM accounts_for('transit:.*')) AND l.event_day <= month_last()
    GROUP BY ALL HAVING sum(l.debit - l.credit) <> 0
)
SELECT w.account, w.source AS stripe, p.day, p.arrival_date AS expected, b.day AS in_bank,
       coalesce(p.currency, t.currency) AS currency,
       units(coalesce(p.amount, -t.amount), coalesce(p.currency, t.currency))::DECIMAL(18, 3) AS amount,
       w.kronor::DECIMAL(18, 2) AS kronor, coalesce(p.status, t.status, '') AS status
FROM on_their_way w
LEFT JOIN stripe.payouts p ON p.id = w.source
LEFT JOIN stripe.topups t ON t.id = w.source
LEFT JOIN ledger.bank_events b ON b.source = w.source
ORDER BY p.day, w.source
