-- Each credit shared over the sale's VAT rates and accounts in the sale's own proportions, cumulatively: after the last
-- credit of a fully refunded sale each account stands at zero. A credit note's own lines rule where it has them.
-- Nothing without: ledger.credits
CREATE OR REPLACE TABLE ledger.credit_rows AS
WITH note_lines AS (
    SELECT n.credit_note AS credit_id, c.invoice AS sale_id, l.position AS row_no, u.card,
           n.amount - coalesce(n.discount_amount, 0)
               + CASE WHEN n.tax_behavior = 'exclusive' THEN coalesce(n.tax_amount, 0) ELSE 0 END AS gross,
           CASE WHEN l.discount_amount <> 0
                THEN round_div(coalesce(u.amount, 0)::HUGEINT * n.discount_amount, l.discount_amount) ELSE 0 END AS by_card
    FROM stripe.credit_note_lines n
    JOIN stripe.credit_notes c ON c.id = n.credit_note
    JOIN stripe.invoice_lines l ON l.id = n.invoice_line_item
    LEFT JOIN ledger.gift_card_uses u ON u.owner = l.invoice AND u.row_no = l.position
    UNION ALL
    -- Shipping is the row below the invoice's lines (sale_items).
    SELECT c.id, c.invoice, 1 + coalesce((SELECT max(l.position) FROM stripe.invoice_lines l WHERE l.invoice = c.invoice), 0),
           NULL, c.shipping_amount, 0
    FROM stripe.credit_notes c
    WHERE c.shipping_amount <> 0
),
of_groups AS (
    SELECT n.credit_id, g.group_no, n.gross + n.by_card AS amount
    FROM note_lines n
    JOIN ledger.sale_groups g ON g.sale_id = n.sale_id AND list_contains(g.row_nos, n.row_no)
    UNION ALL
    -- What a gift card had paid is on the card again.
    SELECT n.credit_id, g.group_no, -n.by_card
    FROM note_lines n
    JOIN ledger.gift_card_rows r ON r.sale_id = n.sale_id AND r.card = n.card
    JOIN ledger.sale_groups g ON g.sale_id = n.sale_id AND list_contains(g.row_nos, r.row_no)
    UNION ALL
    -- A line that is of no invoice line takes back what was sold at its VAT rate.
    SELECT n.credit_id, max_by(g.group_no, abs(g.group_ore)), any_value(n.gross)
    FROM ledger.free_credit_lines n
    JOIN ledger.sale_groups g ON g.sale_id = n.sale_id AND g.vat_rate = n.vat_rate
    GROUP BY n.credit_id, n.line
),
noted AS (
    -- Gross of a credit note by the group of what it takes back.
    SELECT credit_id, group_no, sum(amount) AS amount FROM of_groups GROUP BY ALL
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
           share(credited_after, w - weight, w, whole) - share(credited_before, w - weight, w, whole)
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
        share(group_vat * sign(group_ore)::HUGEINT, group_before, group_after, abs(group_ore))
    END AS vat_ore,
    row_ore - vat_ore AS net_ore
FROM cumulative
WHERE row_ore <> 0;
