-- What stands on the account for unknown movements: it must be empty before the month is signed.
SELECT l.event_day AS day, l.account, e.entry_id AS entry, e.kind, coalesce(e.text, '') AS text,
       (l.debit - l.credit)::DECIMAL(18, 2) AS kronor, coalesce(e.alert, e.held, '') AS remark,
       coalesce(d.document, '') AS document
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
LEFT JOIN entry_documents d USING (entry_id)
WHERE l.account IN (FROM accounts_for('suspense')) AND l.event_day <= month_last()
ORDER BY l.event_day, e.entry_id, l.line_no
