-- Each credit shared over the sale's VAT rates and accounts in the sale's own proportions, cumulatively: after the last
-- credit of a fully refunded sale each account stands at zero. A credit note's own lines rule where it has them.
CREATE OR REPLACE TABLE ledger.credit_rows AS
WITH noted AS (
    -- Gross of a credit note by the group of the invoice line that it takes back.
    SELECT n.credit_note AS credit_id, g.group_no,
           sum(n.amount - coalesce(n.discount_amount, 0)
               + CASE WHEN n.tax_behavior = 'exclusive' THEN coalesce(n.tax_amount, 0) ELSE 0 END) AS amount
    FROM stripe.credit_note_lines n
    JOIN stripe.invoice_lines l ON l.id = n.invoice_line_item
    JOIN ledger.sale_groups g ON g.sale_id = l.invoice AND list_contains(g.row_nos, l.position)
    GROUP BY ALL
),
weighted AS (
    SELECT
        c.credit_id, c.event_day, c.ordered_by, g.* EXCLUDE row_nos,
        bool_or(n.amount IS NOT NULL) OVER (PARTITION BY c.credit_id) AS by_lines,
        CASE WHEN by_lines THEN c.gross_ore ELSE c.credited_after END AS credited_after,
        CASE WHEN by_lines THEN 0 ELSE c.credited_before END AS credited_before,
        CASE WHEN by_lines THEN coalesce(n.amount, 0) ELSE g.group_ore END AS weight
    FROM ledger.credits c
    JOIN ledger.sale_groups g ON g.sale_id = c.sale_id
    LEFT JOIN noted n ON n.credit_id = c.credit_id AND n.group_no = g.group_no
),
run AS (
    SELECT *,
           sum(weight) OVER (PARTITION BY credit_id) AS whole,
           sum(weight) OVER (PARTITION BY credit_id ORDER BY group_no ROWS UNBOUNDED PRECEDING) AS w
    FROM weighted
),
shared AS (
    SELECT *,
           round_div(credited_after::HUGEINT * w, whole) - round_div(credited_after::HUGEINT * (w - weight), whole)
           - round_div(credited_before::HUGEINT * w, whole) + round_div(credited_before::HUGEINT * (w - weight), whole)
           AS row_ore
    FROM run
    WHERE whole > 0
),
cumulative AS (
    SELECT *,
           sum(row_ore) OVER (PARTITION BY sale_id, group_no ORDER BY ordered_by, credit_id
                              ROWS UNBOUNDED PRECEDING) AS group_after,
           group_after - row_ore AS group_before
    FROM shared
)
SELECT
    credit_id, sale_id, group_no,
    row_number() OVER (PARTITION BY credit_id ORDER BY group_no) AS row_no,
    description, treatment, box, vat_rate, account, vat_account, kind, cost_center, project, article, rule,
    row_ore AS gross_ore,
    CASE WHEN group_ore = 0 THEN 0 ELSE
        round_div(group_vat::HUGEINT * group_after * sign(group_ore)::HUGEINT, abs(group_ore))
        - round_div(group_vat::HUGEINT * group_before * sign(group_ore)::HUGEINT, abs(group_ore))
    END AS vat_ore,
    row_ore - vat_ore AS net_ore
FROM cumulative
WHERE row_ore <> 0;
