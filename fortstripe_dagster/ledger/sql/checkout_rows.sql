-- What was bought in Checkout: the rows of each charge that pays a session and no Stripe invoice. A charge says nothing of
-- what it is for; the session's lines do, with their VAT. What was charged rules: where it differs from the session's
-- total (a partial capture, another currency shown), each row has its share of it, and so has its VAT. A gift card
-- redeemed as a coupon paid, so the rows have their price before it.
-- Nothing without: stripe.checkout_sessions
-- Nothing without: ledger.charge_sales
CREATE OR REPLACE TABLE ledger.checkout_rows AS
WITH visits AS (
    SELECT s.sale_id, x.id AS session, s.amount - least(coalesce(i.tip, 0), s.amount) AS by_money,
           CASE WHEN x.amount_total > 0 THEN round_div(coalesce(g.amount, 0)::HUGEINT * by_money, x.amount_total) ELSE 0 END
               AS paid_by_card,
           by_money + paid_by_card AS charged,
           x.amount_total, x.amount_tax, x.amount_shipping, x.shipping_taxes,
           json_merge_patch(coalesce(x.metadata, '{}'), coalesce(c.metadata, '{}')) AS metadata
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge AND c.id = s.sale_id
    JOIN stripe.checkout_sessions x ON x.payment_intent = c.payment_intent
    LEFT JOIN stripe.payment_intents i ON i.id = c.payment_intent AND i.tip > 0
    LEFT JOIN (SELECT owner, sum(amount) AS amount FROM ledger.gift_card_uses GROUP BY owner) g ON g.owner = x.id
),
bought AS (
    SELECT v.sale_id, v.session, v.charged, v.paid_by_card, coalesce(g.amount, 0) AS by_card, l.position AS row_no,
           'line' AS part, l.description, coalesce(l.quantity, 1) AS quantity, l.product, l.price, l.price_metadata,
           v.metadata, l.amount_total + by_card AS gross, l.amount_tax AS tax,
           l.tax_percentage, l.tax_inclusive, json_extract_string(l.taxes, '$[0].rate.country') AS tax_country,
           l.taxability_reason
    FROM visits v
    JOIN stripe.checkout_line_items l ON l.session = v.session
    LEFT JOIN ledger.gift_card_uses g ON g.owner = l.session AND g.row_no = l.position
),
shipped AS (
    -- Shipping is what the lines leave of the session: its own figure may or may not hold VAT.
    SELECT v.sale_id, v.session, v.charged, v.paid_by_card, 0 AS by_card, max(b.row_no) + 1 AS row_no,
           'shipping' AS part, 'Frakt' AS description, 1 AS quantity, NULL AS product, NULL AS price,
           NULL AS price_metadata, v.metadata,
           (v.amount_total - sum(b.gross - b.by_card))::BIGINT AS gross, (v.amount_tax - sum(b.tax))::BIGINT AS tax,
           json_extract_string(v.shipping_taxes, '$[0].rate.percentage')::DECIMAL(9, 4) AS tax_percentage,
           json_extract_string(v.shipping_taxes, '$[0].rate.inclusive')::BOOLEAN AS tax_inclusive,
           json_extract_string(v.shipping_taxes, '$[0].rate.country') AS tax_country,
           json_extract_string(v.shipping_taxes, '$[0].taxability_reason') AS taxability_reason
    FROM visits v
    JOIN bought b ON b.sale_id = v.sale_id
    WHERE v.amount_shipping <> 0
    GROUP BY v.sale_id, v.session, v.charged, v.paid_by_card, v.metadata, v.amount_total, v.amount_tax, v.shipping_taxes
),
everything AS (SELECT * FROM bought UNION ALL BY NAME SELECT * FROM shipped),
shared AS (
    SELECT *, sum(gross) OVER of_sale AS whole, sum(gross) OVER upto AS share_end
    FROM everything
    WINDOW of_sale AS (PARTITION BY sale_id),
           upto AS (PARTITION BY sale_id ORDER BY row_no ROWS UNBOUNDED PRECEDING)
)
SELECT
    sale_id, session, paid_by_card, by_card, row_no, part, description, quantity, product, price, price_metadata, metadata,
    share(charged, share_end - s.gross, share_end, whole) AS gross,
    CASE WHEN whole = charged THEN tax ELSE round_div(tax::HUGEINT * charged, whole) END AS tax_amount,
    tax_percentage, coalesce(tax_inclusive, false) AS inclusive, tax_country, taxability_reason
FROM shared s
WHERE whole > 0;
