-- Papers that were filed with the month.
SELECT kind, name, (attached_at AT TIME ZONE 'Europe/Stockholm')::DATE AS day, who, amount, currency, sha256 AS hash
FROM proof.attachments
WHERE month = strftime(month_first(), '%Y-%m')
ORDER BY kind, attached_at, name
