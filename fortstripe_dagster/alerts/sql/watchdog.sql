-- What would become a wrong VAT return: the threshold of the One Stop Shop for its year, lost rules as long as entries
-- need them, all else for a month.
SELECT kind || ':' || subject AS subject, upper(text[1]) || text[2:] || '.' AS text, remedy || '.' AS remedy,
       kind IN ('oss_threshold', 'lost_rules') AS urgent, kind IN ('oss_threshold', 'lost_rules') AS lasts
FROM ledger.watchdogs
WHERE CASE kind WHEN 'oss_threshold' THEN year(day) = year(getvariable('today')) WHEN 'lost_rules' THEN true
                ELSE day >= getvariable('today') - 31 END
QUALIFY row_number() OVER (PARTITION BY kind, subject ORDER BY day DESC, text DESC) = 1
ORDER BY day, 1;
