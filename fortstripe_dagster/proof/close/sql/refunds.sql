-- Money given back in the month, with what it was for; a refund that failed comes back as a debt to the customer.
SELECT e.event_day AS day, e.kind, e.source AS stripe, coalesce(e.charge, '') AS charge,
       coalesce(s.number, e.sale_id, '') AS sale,
       coalesce(p.name, '') AS customer, coalesce(r.reason, '') AS reason, coalesce(r.status, '') AS status,
       b.currency, units(-sum(l.amount_currency)::BIGINT, any_value(b.currency))::DECIMAL(18, 3) AS amount,
       sum(l.credit - l.debit)::DECIMAL(18, 2) AS kronor, c.event_day AS credited_on,
       coalesce(any_value(d.document), '') AS document
FROM ledger.entries e
JOIN ledger.lines l ON l.entry_id = e.entry_id AND l.account IN (FROM accounts_for('clearing:.*'))
JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
LEFT JOIN stripe.refunds r ON r.id = e.source
LEFT JOIN ledger.sales s USING (sale_id)
LEFT JOIN ledger.parties p USING (sale_id)
LEFT JOIN ledger.credits c USING (credit_id)
LEFT JOIN entry_documents d ON d.entry_id = e.entry_id
WHERE in_month(e.event_day) AND e.kind IN ('refund', 'refund_failed', 'payment_failed')
GROUP BY ALL
ORDER BY e.event_day, e.source, e.kind
