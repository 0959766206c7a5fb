-- What reached the bank or left it, by the day it is booked there: to be ticked off against the bank statement.
SELECT b.day, e.kind, b.source AS stripe, p.day AS paid_out, (b.day - p.day)::INTEGER AS days_on_the_way, b.currency,
       units(b.amount, b.currency)::DECIMAL(18, 3) AS amount, sum(l.debit - l.credit)::DECIMAL(18, 2) AS kronor,
       coalesce(p.trace_id, '') AS bank_reference, coalesce(any_value(d.document), '') AS document
FROM ledger.bank_events b
JOIN ledger.entries e USING (entry_id)
JOIN ledger.lines l ON l.entry_id = b.entry_id AND l.account IN (FROM accounts_for('bank'))
LEFT JOIN stripe.payouts p ON p.id = b.source
LEFT JOIN entry_documents d ON d.entry_id = b.entry_id
WHERE in_month(b.day)
GROUP BY ALL
ORDER BY b.day, b.source
