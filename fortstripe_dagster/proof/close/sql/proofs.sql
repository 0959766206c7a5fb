-- The proofs of exactly these days, each chained to the one before it.
SELECT number, strftime(proven_at AT TIME ZONE 'Europe/Stockholm', '%Y-%m-%d %H:%M:%S') AS happened_at,
       first_day AS from_day, last_day AS to_day, ok, alarms, explained AS explained_items, content_hash AS hash,
       previous_hash
FROM proof.runs
WHERE first_day = month_first() AND last_day = month_last()
ORDER BY number
