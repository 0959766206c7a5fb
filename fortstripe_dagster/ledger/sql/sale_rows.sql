-- The rows of each sale in öre: gross, VAT inside it, net, and the sales account. Rows add up to the sale exactly;
-- VAT is one sum for each sale and rate (Stripe's own where it charged VAT), shared out over the rows without loss.
-- Nothing without: ledger.rated_items
CREATE OR REPLACE TABLE ledger.sale_rows AS
WITH rated AS (
    SELECT
        i.sale_id, i.row_no, i.description, i.quantity, i.product, i.kind, i.supply, i.decision, i.tax_place, i.vat_type,
        i.treatment, i.box, i.vat_rate, i.account, i.vat_account,
        s.gross AS sale_gross, s.gross_ore AS sale_ore, s.currency, s.sek_per_unit,
        CASE WHEN i.vat_rate > 0 AND i.taxed THEN i.tax_amount END AS tax_amount,
        -- The invoice's own total rules; a minor unit that the lines miss goes to the last row.
        CASE WHEN lead(i.row_no) OVER upto IS NULL THEN s.gross ELSE sum(i.gross) OVER upto END AS through,
        sum(i.gross) OVER upto - i.gross AS before
    FROM ledger.rated_items i
    JOIN ledger.sales s ON s.sale_id = i.sale_id AND s.treatment IS NOT NULL
    WINDOW upto AS (PARTITION BY i.sale_id ORDER BY i.row_no ROWS UNBOUNDED PRECEDING)
),
in_ore AS (
    SELECT
        * EXCLUDE (through, before), (through - before)::BIGINT AS gross,
        CASE WHEN sale_gross = 0
             THEN to_ore(through::BIGINT, currency, sek_per_unit) - to_ore(before::BIGINT, currency, sek_per_unit)
             ELSE share(abs(sale_ore), before, through, abs(sale_gross))
        END AS gross_ore
    FROM rated
),
group_vat AS (
    SELECT
        sale_id, vat_rate, sum(gross_ore) AS group_ore,
        -- What Stripe charged, and what is in the rows that it did not charge VAT on.
        coalesce(to_ore(sum(tax_amount)::BIGINT, any_value(currency), any_value(sek_per_unit)), 0)
            + coalesce(vat_of_gross(sum(gross_ore) FILTER (tax_amount IS NULL), vat_rate), 0) AS vat_ore
    FROM in_ore GROUP BY sale_id, vat_rate
),
with_vat AS (
    SELECT
        r.*,
        CASE WHEN g.group_ore = 0 THEN 0 ELSE
            round_div(g.vat_ore::HUGEINT * abs(sum(r.gross_ore) OVER upto), abs(g.group_ore))
                * CASE WHEN (sum(r.gross_ore) OVER upto < 0) <> (g.group_ore < 0) THEN -1 ELSE 1 END
            - round_div(g.vat_ore::HUGEINT * abs(sum(r.gross_ore) OVER upto - r.gross_ore), abs(g.group_ore))
                * CASE WHEN (sum(r.gross_ore) OVER upto - r.gross_ore < 0) <> (g.group_ore < 0) THEN -1 ELSE 1 END
        END AS vat_ore
    FROM in_ore r
    JOIN group_vat g ON g.sale_id = r.sale_id AND g.vat_rate = r.vat_rate
    WINDOW upto AS (PARTITION BY r.sale_id, r.vat_rate ORDER BY r.row_no ROWS UNBOUNDED PRECEDING)
)
SELECT
    v.sale_id, v.row_no, v.description, v.quantity, v.product, v.kind, v.treatment, v.box, v.vat_rate, v.currency, v.gross,
    v.gross_ore, v.vat_ore, v.gross_ore - v.vat_ore AS net_ore,
    -- A rate without an account holds its sale (sales.held); until then the row stands on suspense.
    coalesce(v.account, account('suspense')) AS account,
    coalesce(v.vat_account, account('suspense')) AS vat_account,
    k.cost_center, k.project, k.article, k.rule, p.first_day, p.last_day,
    v.supply, v.decision, v.tax_place, v.vat_type
FROM with_vat v
LEFT JOIN ledger.row_rules k USING (sale_id, row_no)
LEFT JOIN ledger.service_periods p USING (sale_id, row_no);
