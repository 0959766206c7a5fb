-- The settings that the month was booked under.
SELECT name, coalesce(value, '') AS value FROM ledger.policy WHERE name <> 'today' ORDER BY name
