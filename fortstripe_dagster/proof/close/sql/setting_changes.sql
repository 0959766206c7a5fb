-- Accounts, settings and rules that changed since the first delivery.
SELECT (changed_at AT TIME ZONE 'Europe/Stockholm')::DATE AS day, part, name, coalesce(before, '') AS before,
       coalesce(after, '') AS after
FROM delivery.choice_changes
ORDER BY changed_at, part, name
