-- Documents that wait for a person, by what is to be done about them: one alert for a hundred of the same sort.
SELECT
    status || ':' || kind || ':' || substr(md5(coalesce(remedy, '')), 1, 8) AS subject,
    count(*) || ' ' || kind || CASE WHEN count(*) > 1 THEN 's ' ELSE ' ' END || status || ' (' || min(day)
        || CASE WHEN max(day) > min(day) THEN ' to ' || max(day) ELSE '' END || '): '
        || arg_min(document_id || ': ' || coalesce(reason, 'it awaits approval.'), (day, document_id)) AS text,
    coalesce(any_value(remedy), CASE status WHEN 'awaiting approval' THEN 'look at the plan and run fortstripe approve.'
                                            ELSE 'sync these days again.' END) AS remedy,
    status <> 'awaiting approval' AS urgent,
    true AS lasts
FROM delivery.documents
WHERE status IN ('held', 'in doubt', 'awaiting approval')
GROUP BY status, kind, coalesce(remedy, '')
ORDER BY min(day), 1;
