-- A credit: D sales and output VAT / K receivable, at the sale's own rates.
-- Nothing without: ledger.credits
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT c.credit_id || ':credit' AS entry_id, c.event_day AS day, 'credit' AS kind, c.credit_id AS source, c.charge,
           c.sale_id, c.credit_id, c.currency AS settlement, c.text, c.held, c.gross_ore, c.gross, c.currency
    FROM ledger.credits c
    JOIN ledger.covered_days d ON d.day = c.event_day
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('receivable') AS account, -gross_ore AS ore, -gross AS amount,
           NULL AS vat_rate, NULL AS treatment, NULL AS cost_center, NULL AS project, NULL AS rule
    FROM entry
    UNION ALL
    SELECT e.entry_id, 2, r.account, sum(r.net_ore), NULL, r.vat_rate, r.treatment, r.cost_center, r.project, r.rule
    FROM entry e JOIN ledger.credit_rows r USING (credit_id) GROUP BY ALL
    UNION ALL
    SELECT e.entry_id, 3, r.vat_account, sum(r.vat_ore), NULL, r.vat_rate, r.treatment, NULL, NULL, NULL
    FROM entry e JOIN ledger.credit_rows r USING (credit_id) WHERE r.vat_rate > 0 GROUP BY ALL
    UNION ALL
    SELECT entry_id, 2, account('suspense'), gross_ore, NULL, NULL, NULL, NULL, NULL, NULL
    FROM entry WHERE credit_id NOT IN (SELECT credit_id FROM ledger.credit_rows)
)
SELECT e.* EXCLUDE (gross_ore, gross), l.* EXCLUDE entry_id FROM entry e JOIN lines l USING (entry_id) WHERE l.ore <> 0;
