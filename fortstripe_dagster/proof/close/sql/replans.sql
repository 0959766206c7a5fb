-- Requests that what was delivered should follow other rules.
SELECT (asked_at AT TIME ZONE 'Europe/Stockholm')::DATE AS day, who, from_day, reason, choices AS hash
FROM delivery.replans
ORDER BY asked_at
