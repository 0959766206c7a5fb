-- What the proof found on the month's last day: each difference by name, and what to do about it.
SELECT severity, string_agg(DISTINCT equation, ', ' ORDER BY equation) AS equation, kind, id,
       any_value(currency) AS currency, max_by(amount, abs(amount)) AS amount, min(first_day) AS since, text, remedy
FROM proof.items
WHERE day = month_last()
GROUP BY severity, kind, id, text, remedy
ORDER BY severity = 'info', severity, since, kind, id
