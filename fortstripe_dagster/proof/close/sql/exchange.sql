-- Exchange gains and losses of the month, line by line; gains are in credit.
SELECT l.event_day AS day, l.account, e.entry_id AS entry, e.kind, coalesce(e.text, '') AS text, l.currency,
       (l.debit - l.credit)::DECIMAL(18, 2) AS kronor, coalesce(d.document, '') AS document
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
LEFT JOIN entry_documents d USING (entry_id)
WHERE l.account IN (FROM accounts_for('exchange_gain|exchange_loss')) AND in_month(l.event_day)
ORDER BY l.event_day, e.entry_id, l.line_no
