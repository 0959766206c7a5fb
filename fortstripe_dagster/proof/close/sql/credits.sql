-- Sales taken back in the month: refunds, credit notes and lost disputes, with their VAT.
WITH amounts AS (
    SELECT entry_id, sum(l.credit - l.debit) AS gross, 0 AS vat
    FROM ledger.lines l WHERE l.account IN (FROM accounts_for('receivable')) GROUP BY 1
    UNION ALL
    SELECT entry_id, 0, sum(l.debit - l.credit)
    FROM ledger.lines l WHERE l.account IN (FROM accounts_for('output_vat:.*')) GROUP BY 1
),
summed AS (
    SELECT entry_id, sum(gross) AS gross, sum(vat) AS vat FROM amounts GROUP BY 1
)
SELECT e.event_day AS day, coalesce(c.kind, e.kind) AS kind, coalesce(e.credit_id, e.source) AS stripe,
       coalesce(s.number, e.sale_id, '') AS sale, s.event_day AS sold_on, coalesce(p.name, '') AS customer,
       (coalesce(a.gross, 0) - coalesce(a.vat, 0))::DECIMAL(18, 2) AS base, coalesce(a.vat, 0)::DECIMAL(18, 2) AS vat,
       coalesce(a.gross, 0)::DECIMAL(18, 2) AS kronor, coalesce(d.document, '') AS document, coalesce(e.held, '') AS held
FROM ledger.entries e
LEFT JOIN summed a USING (entry_id)
LEFT JOIN ledger.credits c USING (credit_id)
LEFT JOIN ledger.sales s ON s.sale_id = e.sale_id
LEFT JOIN ledger.parties p ON p.sale_id = e.sale_id
LEFT JOIN entry_documents d USING (entry_id)
WHERE in_month(e.event_day) AND e.kind = 'credit'
ORDER BY e.event_day, e.entry_id
