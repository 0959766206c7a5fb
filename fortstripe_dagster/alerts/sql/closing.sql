-- The books of the month before are closed soon, and documents of it, or of earlier ones, are still missing.
WITH missing AS (
    SELECT count(*) AS documents, min(day) AS first_day, max(day) AS last_day
    FROM delivery.documents
    WHERE status NOT IN ('done', 'undone', 'shadow') AND day < date_trunc('month', getvariable('today'))
),
closing AS (
    SELECT (date_trunc('month', getvariable('today')) + to_days(getvariable('close_day')::INTEGER - 1))::DATE AS day
)
SELECT
    strftime(date_trunc('month', getvariable('today')) - INTERVAL 1 DAY, '%Y-%m') AS subject,
    documents || CASE WHEN documents > 1 THEN ' documents' ELSE ' document' END || ' of ' || first_day
        || CASE WHEN last_day > first_day THEN ' to ' || last_day ELSE '' END
        || ' are not in Fortnox, and the period is closed on about ' || closing.day || '.' AS text,
    'deal with what is held or awaits approval before the period is locked.' AS remedy,
    true AS urgent, true AS lasts
FROM missing, closing
WHERE documents > 0
  AND getvariable('today') BETWEEN closing.day - getvariable('close_warning_days') AND closing.day;
