-- 9: every entry of a covered day is in exactly one document that Fortnox has, or named as held. Counted in entries. A
-- supplementary document may hold the correction of a sealed entry: what counts is that the sealed lines add up to it.
CREATE OR REPLACE TEMP TABLE entry_documents AS
SELECT e.entry_id, e.event_day AS day,
       count(d.document_id) AS documents,
       string_agg(d.document_id, ', ' ORDER BY d.document_id) AS names,
       NOT EXISTS (SELECT 1 FROM ledger_side s WHERE s.unit = 'entry:' || e.entry_id) AS adds_up
FROM ledger.entries e
LEFT JOIN (SELECT document_id, unnest(entry_ids) AS entry_id FROM documents WHERE status = 'done') d USING (entry_id)
GROUP BY ALL;

INSERT INTO sides BY NAME
SELECT '9' AS equation, entry_id AS unit, day, 1 AS left_side,
       CASE WHEN documents > 0 AND adds_up THEN 1 ELSE 0 END AS right_side
FROM entry_documents;
