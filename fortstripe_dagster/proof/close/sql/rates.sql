-- The official rate of each day on which something in a foreign currency was booked, and when it was published.
WITH used AS (
    SELECT DISTINCT l.currency, l.event_day AS day FROM ledger.lines l
    WHERE l.currency <> 'SEK' AND in_month(l.event_day)
    UNION SELECT s.currency, s.event_day FROM ledger.sales s WHERE s.currency <> 'SEK' AND in_month(s.event_day)
    UNION SELECT currency, day FROM ledger.revaluations WHERE in_month(day)
)
SELECT u.day, u.currency, r.sek_per_unit AS rate, r.published, coalesce(r.source, '') AS source
FROM used u LEFT JOIN ledger.exchange_rates r ON r.currency = u.currency AND r.day = u.day
ORDER BY u.currency, u.day
