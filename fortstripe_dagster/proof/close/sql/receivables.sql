-- Receivables at the end of the month, sale by sale, by how long they have been due.
WITH open_sales AS (
    SELECT coalesce(e.sale_id, e.source, e.entry_id) AS sale, sum(l.debit - l.credit) AS kronor,
           min(l.event_day) AS since
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (FROM accounts_for('receivable')) AND l.event_day <= month_last()
    GROUP BY 1 HAVING sum(l.debit - l.credit) <> 0
),
aged AS (
    SELECT o.*, s.number, s.event_day, s.due_day, p.name, s.stripe_status,
           month_last() - coalesce(s.due_day, s.event_day, o.since) AS days_late, d.document
    FROM open_sales o
    LEFT JOIN ledger.sales s ON s.sale_id = o.sale
    LEFT JOIN ledger.parties p ON p.sale_id = o.sale
    LEFT JOIN entry_documents d ON d.entry_id = o.sale || ':sale'
)
SELECT sale AS stripe, coalesce(number, '') AS number, coalesce(document, '') AS document, coalesce(name, '') AS customer,
       coalesce(event_day, since) AS day, due_day, days_late::INTEGER AS days_late, coalesce(stripe_status, '') AS status,
       kronor::DECIMAL(18, 2) AS kronor,
       CASE WHEN days_late <= 0 THEN kronor ELSE 0 END::DECIMAL(18, 2) AS not_due,
       CASE WHEN days_late BETWEEN 1 AND 30 THEN kronor ELSE 0 END::DECIMAL(18, 2) AS late_30,
       CASE WHEN days_late BETWEEN 31 AND 60 THEN kronor ELSE 0 END::DECIMAL(18, 2) AS late_60,
       CASE WHEN days_late BETWEEN 61 AND 90 THEN kronor ELSE 0 END::DECIMAL(18, 2) AS late_90,
       CASE WHEN days_late > 90 THEN kronor ELSE 0 END::DECIMAL(18, 2) AS late_more
FROM aged
ORDER BY days_late DESC, sale
