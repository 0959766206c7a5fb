-- Entries that wait for a person and are not in Fortnox.
SELECT e.event_day AS day, e.entry_id AS entry, e.kind, sum(l.debit)::DECIMAL(18, 2) AS kronor, e.held,
       coalesce(e.text, '') AS text
FROM ledger.entries e JOIN ledger.lines l USING (entry_id)
WHERE e.held IS NOT NULL AND e.event_day <= month_last()
GROUP BY ALL
ORDER BY e.event_day, e.entry_id
