-- The rows of a sale that a credit takes back together: one VAT rate, account and set of dimensions. A row whose income
-- is deferred stands alone, so that what is credited of it is known. `group_no` is the first row's number. Sales that are
-- neither credited nor deferred are left out: nobody asks for their groups.
-- Nothing without: ledger.credits or ledger.sale_rows WHERE first_day IS NOT NULL
CREATE OR REPLACE TABLE ledger.sale_groups AS
SELECT
    sale_id, min(row_no) AS group_no, list(row_no) AS row_nos,
    vat_rate, account, vat_account, treatment, box, kind, cost_center, project, article, rule, first_day, last_day,
    sum(gross_ore)::BIGINT AS group_ore, sum(vat_ore)::BIGINT AS group_vat,
    string_agg(description, ', ' ORDER BY row_no) AS description
FROM ledger.sale_rows
WHERE first_day IS NOT NULL OR sale_id IN (SELECT sale_id FROM ledger.credits)
GROUP BY sale_id, vat_rate, account, vat_account, treatment, box, kind, cost_center, project, article, rule, first_day,
         last_day, CASE WHEN first_day IS NOT NULL THEN row_no END;
