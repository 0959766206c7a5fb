-- Entries of the month drawn by a seed that is the month alone, so that anyone draws the same.
WITH drawn AS (
    SELECT e.*, md5(strftime(month_first(), '%Y-%m') || e.entry_id) AS lot FROM ledger.entries e
    WHERE in_month(e.event_day)
    ORDER BY lot, e.entry_id LIMIT 25
)
SELECT row_number() OVER (ORDER BY s.event_day, s.entry_id)::INTEGER AS sample, s.event_day AS day, s.kind, s.entry_id AS entry,
       coalesce(s.text, '') AS text,
       (SELECT sum(debit) FROM ledger.lines l WHERE l.entry_id = s.entry_id)::DECIMAL(18, 2) AS kronor,
       coalesce(d.document, '') AS document, coalesce(s.source, '') AS stripe
FROM drawn s LEFT JOIN entry_documents d USING (entry_id)
ORDER BY s.event_day, s.entry_id
