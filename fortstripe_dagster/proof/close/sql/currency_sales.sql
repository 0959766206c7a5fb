-- Every sale in a foreign currency: its amount times the official rate of its day, and what was booked.
SELECT s.event_day AS day, s.sale_id AS sale, coalesce(s.number, '') AS number, coalesce(p.name, '') AS customer, s.currency,
       units(s.gross, s.currency)::DECIMAL(18, 3) AS amount, s.sek_per_unit AS rate,
       round(units(s.gross, s.currency) * s.sek_per_unit, 2)::DECIMAL(18, 2) AS calculated,
       kronor(s.gross_ore) AS kronor,
       (kronor(s.gross_ore) - round(units(s.gross, s.currency) * s.sek_per_unit, 2))::DECIMAL(18, 2) AS difference
FROM ledger.sales s
LEFT JOIN ledger.parties p USING (sale_id)
WHERE s.currency <> 'SEK' AND in_month(s.event_day)
ORDER BY s.event_day, s.sale_id
