-- Each account that carries sales or VAT of the Swedish return: the box, and the month's amounts, credit positive.
SELECT v.account, coalesce(n.name, '') AS name, v.box, count(*) AS lines,
       sum(CASE b.side WHEN 'debit' THEN -v.amount ELSE v.amount END) FILTER (v.part = 'base' AND NOT v.computed)
           ::DECIMAL(18, 2) AS base,
       sum(CASE b.side WHEN 'debit' THEN -v.amount ELSE v.amount END) FILTER (v.part = 'vat')::DECIMAL(18, 2) AS vat
FROM proof.vat_lines v
JOIN vat_boxes b USING (box)
LEFT JOIN account_names n USING (account)
WHERE in_month(v.day) AND v.box <> 'OSS'
GROUP BY ALL
ORDER BY v.box, v.account
