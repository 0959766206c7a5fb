-- Every dispute that stood open when the month began or ended, or moved in it. What the dispute fee cost stands beside.
WITH moved AS (
    SELECT e.source, sum(l.debit - l.credit) FILTER (l.event_day < month_first()) AS opening,
           sum(l.debit) FILTER (in_month(l.event_day)) AS opened, sum(l.credit) FILTER (in_month(l.event_day)) AS closed,
           sum(l.debit - l.credit) AS closing, bool_or(in_month(l.event_day)) AS now
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (FROM accounts_for('disputed')) AND l.event_day <= month_last()
    GROUP BY 1
),
fees AS (
    SELECT b.source, sum(kronor(f.amount_ore)) AS kronor
    FROM ledger.fees f JOIN stripe.balance_transactions b ON b.id = f.balance_transaction
    WHERE in_month(f.day) GROUP BY 1
)
SELECT m.source AS stripe, coalesce(d.charge, '') AS charge, d.day, coalesce(d.reason, '') AS reason,
       coalesce(d.status, '') AS status, d.evidence_due_by::DATE AS answer_by, coalesce(d.currency, '') AS currency,
       units(d.amount, d.currency)::DECIMAL(18, 3) AS amount, coalesce(m.opening, 0)::DECIMAL(18, 2) AS opening,
       coalesce(m.opened, 0)::DECIMAL(18, 2) AS debits, coalesce(m.closed, 0)::DECIMAL(18, 2) AS credits,
       m.closing::DECIMAL(18, 2) AS closing, coalesce(f.kronor, 0)::DECIMAL(18, 2) AS fees,
       coalesce(t.treatment, '') AS treatment
FROM moved m
LEFT JOIN stripe.disputes d ON d.id = m.source
LEFT JOIN ledger.lost_disputes t ON t.dispute = m.source AND t.event_day <= month_last()
LEFT JOIN fees f ON f.source = m.source
WHERE m.now OR m.opening <> 0 OR m.closing <> 0
ORDER BY d.day, m.source
