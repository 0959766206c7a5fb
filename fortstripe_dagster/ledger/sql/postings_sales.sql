-- A sale: D receivable / K sales and output VAT, on the sale's event day; under the cash method: postings_cash_sales.sql.
-- An invoice of a negative total gives back what was paid before, under either method: nobody owes it to the company, it
-- becomes the customer's credit balance. One of nothing, which a gift card pays, waits for no payment either.
-- Nothing without: ledger.sales
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT s.sale_id || ':sale' AS entry_id, s.event_day AS day,
           CASE WHEN s.gross < 0 THEN 'sale_credit' ELSE 'sale' END AS kind,
           s.sale_id AS source, s.charge, s.sale_id, s.currency AS settlement, s.text,
           coalesce(s.held, CASE WHEN s.gross < 0 AND s.sale_id IN (SELECT sale_id FROM ledger.sale_rows WHERE box IN ('35', '39'))
                                 THEN 'a negative invoice to a business in the EU changes the EC sales list, which Fortnox '
                                      || 'makes of invoices alone: book it as a credit invoice by hand' END) AS held,
           s.gross_ore, s.gross, s.currency
    FROM ledger.sales s
    JOIN ledger.covered_days c ON c.day = s.event_day
    WHERE NOT s.before_start AND (policy('accounting_method') = 'accrual' OR s.gross <= 0)
),
lines AS (
    SELECT entry_id, 1 AS line_no,
           CASE kind WHEN 'sale' THEN account('receivable') ELSE account('customer_credit') END AS account,
           gross_ore AS ore, gross AS amount,
           NULL AS vat_rate, NULL AS treatment, NULL AS cost_center, NULL AS project, NULL AS rule
    FROM entry
    UNION ALL
    SELECT e.entry_id, 2, r.account, -sum(r.net_ore), NULL, r.vat_rate, r.treatment, r.cost_center, r.project, r.rule
    FROM entry e JOIN ledger.sale_rows r USING (sale_id) GROUP BY ALL
    UNION ALL
    SELECT e.entry_id, 3, r.vat_account, -sum(r.vat_ore), NULL, r.vat_rate, r.treatment, NULL, NULL, NULL
    FROM entry e JOIN ledger.sale_rows r USING (sale_id) WHERE r.vat_rate > 0 GROUP BY ALL
    UNION ALL
    -- A sale whose VAT treatment is not known yet stands on the suspense account and is held.
    SELECT entry_id, 2, account('suspense'), -gross_ore, NULL, NULL, NULL, NULL, NULL, NULL
    FROM entry WHERE sale_id NOT IN (SELECT sale_id FROM ledger.sale_rows)
)
SELECT e.* EXCLUDE (gross_ore, gross), l.* EXCLUDE entry_id FROM entry e JOIN lines l USING (entry_id) WHERE l.ore <> 0;
