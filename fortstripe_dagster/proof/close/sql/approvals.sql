-- Who approved which of the month's documents.
SELECT (a.approved_at AT TIME ZONE 'Europe/Stockholm')::DATE AS approved_on, a.who, a.document_id AS document,
       coalesce(d.description, '') AS text, a.content_hash AS hash
FROM delivery.approvals a
LEFT JOIN delivery.documents d USING (document_id)
WHERE d.day IS NULL OR in_month(d.day)
ORDER BY a.approved_at, a.document_id
