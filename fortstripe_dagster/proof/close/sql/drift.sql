-- What people changed in Fortnox after delivery, and what was changed back.
SELECT day, kind, document, what, coalesce(ours, '') AS ours, coalesce(theirs, '') AS theirs, coalesce(who, '') AS who,
       changed_on, gone_at::DATE AS undone_on, severity, text
FROM proof.drift
WHERE day <= month_last()
ORDER BY day, kind, document, what
