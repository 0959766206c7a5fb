-- Each box: the ledger's sum, Fortnox's sum of our documents, and its sum of all other vouchers, as the box counts.
WITH ledger AS (
    SELECT box, sum(amount) AS amount FROM proof.vat_lines
    WHERE day BETWEEN getvariable('vat_first') AND getvariable('vat_last') AND held IS NULL AND NOT computed
    GROUP BY box
),
fortnox AS (
    SELECT t.box, sum(CASE b.side WHEN 'debit' THEN t.amount ELSE -t.amount END) FILTER (t.ours) AS ours,
           sum(CASE b.side WHEN 'debit' THEN t.amount ELSE -t.amount END) FILTER (NOT t.ours) AS others
    FROM vat_theirs t JOIN vat_boxes b USING (box) GROUP BY t.box
)
SELECT b.box, coalesce(l.amount, 0), coalesce(f.ours, 0), coalesce(f.others, 0)
FROM vat_boxes b
LEFT JOIN ledger l USING (box)
LEFT JOIN fortnox f USING (box)
WHERE b.box NOT IN ('49', 'OSS') AND (l.box IS NOT NULL OR f.box IS NOT NULL)
ORDER BY b.box;
