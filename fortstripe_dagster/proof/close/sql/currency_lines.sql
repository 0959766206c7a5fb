-- Every movement on a foreign balance with its calculation: amount times the day's rate, and what was booked.
SELECT l.event_day AS day, e.entry_id AS entry, e.kind, l.account, l.currency,
       units(l.amount_currency, l.currency)::DECIMAL(18, 3) AS amount, r.sek_per_unit AS rate,
       round(units(l.amount_currency, l.currency) * r.sek_per_unit, 2)::DECIMAL(18, 2) AS calculated,
       (l.debit - l.credit)::DECIMAL(18, 2) AS kronor,
       (l.debit - l.credit - round(units(l.amount_currency, l.currency) * r.sek_per_unit, 2))::DECIMAL(18, 2) AS difference
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
LEFT JOIN ledger.exchange_rates r ON r.currency = l.currency AND r.day = l.event_day
WHERE l.currency <> 'SEK' AND in_month(l.event_day) AND l.account IN (FROM accounts_for('clearing:.*'))
ORDER BY l.event_day, e.entry_id, l.line_no
