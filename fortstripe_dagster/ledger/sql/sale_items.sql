-- What was sold, in the currency it was sold in: one row for each line of an invoice or a Checkout session and for
-- shipping, or for a charge with neither, and for the tip in it; an agent's sale has rows of its own (agent_rows), and so
-- has a gift card redeemed as a coupon (gift_card_rows). A row's gross includes its VAT. What it is (`supply`) and its own
-- rate come from a rule of the company, else metadata, else the product's tax code; the VAT rate is Stripe's where it
-- charged VAT, else the row's own, else the company's default supply. A rate by class (`vat_class`, e.g. food) is the one of
-- the day of supply.
-- Nothing without: ledger.sale_units
CREATE OR REPLACE TABLE ledger.sale_items AS
WITH products AS (
    SELECT p.id, p.name, json_extract_string(p.metadata, ['$.supply', '$.vat_rate', '$.vat_class']) AS said,
           c.supply, c.vat_class
    FROM stripe.products p
    LEFT JOIN ledger.tax_codes c ON regexp_matches(p.tax_code, c.pattern)
    QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY length(c.pattern) DESC) = 1
),
invoice_rows AS (
    SELECT
        l.invoice AS sale_id,
        l.position AS row_no,
        coalesce(l.description, p.name, 'Stripe') AS description,
        coalesce(l.quantity, 1) AS quantity,
        l.amount - coalesce(l.discount_amount, 0) + coalesce(g.amount, 0)
            + CASE WHEN l.tax_behavior = 'exclusive' THEN coalesce(l.tax_amount, 0) ELSE 0 END AS gross,
        l.tax_amount,
        l.tax_behavior = 'inclusive' AS inclusive,
        t.percentage AS stripe_rate,
        t.country AS tax_country,
        l.taxability_reason,
        l.product,
        json_extract_string(l.metadata, ['$.supply', '$.vat_rate', '$.vat_class', '$.supply_date']) AS said,
        p.said AS product_said,
        p.supply AS code_supply,
        p.vat_class AS code_class
    FROM stripe.invoice_lines l
    LEFT JOIN products p ON p.id = l.product
    LEFT JOIN stripe.tax_rates t ON t.id = l.tax_rate
    JOIN stripe.invoices i ON i.id = l.invoice AND i.status <> 'draft'
    LEFT JOIN (SELECT owner, row_no, sum(amount) AS amount FROM ledger.gift_card_uses GROUP BY ALL) g
        ON g.owner = l.invoice AND g.row_no = l.position
),
shipping_rows AS (
    SELECT i.id, coalesce(max(l.position), 0) + 1, 'Frakt', 1, i.shipping_amount, i.shipping_tax, false, NULL, NULL, NULL,
           NULL, NULL, NULL, 'accessory', NULL
    FROM stripe.invoices i
    LEFT JOIN stripe.invoice_lines l ON l.invoice = i.id
    WHERE i.status <> 'draft' AND i.shipping_amount <> 0
    GROUP BY i.id, i.shipping_amount, i.shipping_tax
),
tips AS (
    SELECT c.id AS charge, least(p.tip, s.amount) AS tip,
           1 + coalesce((SELECT max(k.row_no) FROM ledger.checkout_rows k WHERE k.sale_id = c.id), 1) AS row_no
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge AND c.id = s.sale_id
    JOIN stripe.payment_intents p ON p.id = c.payment_intent AND p.tip > 0
),
checkout_rows AS (
    SELECT k.sale_id, k.row_no, coalesce(k.description, p.name, 'Stripe'), k.quantity, k.gross, k.tax_amount, k.inclusive,
           k.tax_percentage, k.tax_country, k.taxability_reason, k.product,
           json_extract_string(k.metadata, ['$.supply', '$.vat_rate', '$.vat_class', '$.supply_date']),
           p.said, CASE k.part WHEN 'shipping' THEN 'accessory' ELSE p.supply END, p.vat_class
    FROM ledger.checkout_rows k
    LEFT JOIN products p ON p.id = k.product
    WHERE k.sale_id NOT IN (SELECT sale_id FROM ledger.agent_rows)
),
charge_rows AS (
    SELECT c.id, 1, coalesce(c.description, 'Stripe ' || c.id), 1, s.amount - coalesce(t.tip, 0), NULL, NULL, NULL, NULL, NULL, NULL,
           json_extract_string(c.metadata, ['$.supply', '$.vat_rate', '$.vat_class', '$.supply_date']), NULL, NULL, NULL
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge
    LEFT JOIN tips t ON t.charge = c.id
    WHERE s.sale_id = c.id AND c.id NOT IN (SELECT sale_id FROM ledger.checkout_rows)
      AND c.id NOT IN (SELECT sale_id FROM ledger.agent_rows)
),
tip_rows AS (
    SELECT charge, row_no, 'Dricks', 1, tip, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM tips
    WHERE charge NOT IN (SELECT sale_id FROM ledger.agent_rows)
),
agent_rows AS (
    SELECT sale_id, row_no, description, 1, gross, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM ledger.agent_rows
),
card_rows AS (
    SELECT sale_id, row_no, 'Presentkort ' || card, 1, gross, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM ledger.gift_card_rows WHERE sale_id NOT IN (SELECT sale_id FROM ledger.agent_rows)
),
everything AS (
    SELECT * FROM invoice_rows UNION ALL SELECT * FROM shipping_rows UNION ALL SELECT * FROM checkout_rows
    UNION ALL SELECT * FROM charge_rows UNION ALL SELECT * FROM tip_rows UNION ALL SELECT * FROM agent_rows
    UNION ALL SELECT * FROM card_rows
),
described AS (
    SELECT
        e.*,
        coalesce(a.kind, CASE WHEN t.charge IS NOT NULL THEN 'tip' WHEN g.card IS NOT NULL THEN 'gift_card_multi'
                              ELSE k.kind END) AS kind,
        CASE a.kind WHEN 'commission' THEN policy('commission_vat_rate')::DECIMAL(5, 2) ELSE k.vat_rate END AS rule_rate,
        coalesce(k.supply, e.said[1], e.product_said[1], e.code_supply, policy('default_supply')) AS supply_of_row,
        coalesce(k.vat_class, e.said[3], e.product_said[3],
                 CASE WHEN coalesce(e.said[2], e.product_said[2]) IS NULL THEN e.code_class END) AS vat_class,
        coalesce(try_cast(e.said[2] AS DECIMAL(5, 2)), try_cast(e.product_said[2] AS DECIMAL(5, 2))) AS said_rate,
        -- An invoice is of its own day for its rate, also where it becomes a sale when it is paid.
        coalesce(try_cast(e.said[4] AS DATE), CASE u.kind WHEN 'invoice' THEN local_day(u.moment) ELSE u.event_day END)
            AS supply_day,
        coalesce(a.kind = 'seller', t.charge IS NOT NULL OR g.card IS NOT NULL OR k.kind IN ('gift_card_multi', 'tip'), false)
            AS outside_vat
    FROM everything e
    JOIN ledger.sale_units u USING (sale_id)
    LEFT JOIN ledger.row_rules k USING (sale_id, row_no)
    LEFT JOIN ledger.agent_rows a ON a.sale_id = e.sale_id AND a.row_no = e.row_no
    LEFT JOIN tips t ON t.charge = e.sale_id AND e.row_no = t.row_no AND a.kind IS NULL
    LEFT JOIN ledger.gift_card_rows g ON g.sale_id = e.sale_id AND g.row_no = e.row_no AND a.kind IS NULL
),
rated AS (
    SELECT
        d.*,
        coalesce(d.rule_rate, c.percent, d.said_rate) AS own_rate,
        coalesce(f.percent, policy('default_vat_rate')::DECIMAL(5, 2)) AS default_rate
    FROM described d
    LEFT JOIN ledger.swedish_rates c
      ON c.vat_class = d.vat_class AND d.supply_day BETWEEN c.valid_from AND c.valid_to
    LEFT JOIN ledger.swedish_rates f
      ON f.vat_class = policy('default_vat_class') AND d.supply_day BETWEEN f.valid_from AND f.valid_to
),
shipped AS (
    -- Shipping is part of what is shipped: the largest row that is not shipping itself.
    SELECT sale_id, max_by(supply_of_row, gross) AS supply,
           max_by(coalesce(CASE WHEN tax_amount <> 0 THEN stripe_rate END, own_rate, default_rate), gross) AS rate
    FROM rated
    WHERE supply_of_row <> 'accessory' AND sale_id IN (SELECT sale_id FROM rated WHERE supply_of_row = 'accessory')
    GROUP BY sale_id
)
SELECT
    sale_id, row_no, description, quantity, gross, tax_amount, inclusive, tax_country, taxability_reason, product, kind,
    outside_vat, vat_class, supply_day, own_rate,
    CASE WHEN supply_of_row <> 'accessory' THEN supply_of_row ELSE coalesce(s.supply, 'goods') END AS supply,
    CASE
        WHEN outside_vat THEN 0
        WHEN taxability_reason IN ('product_exempt', 'product_exempt_holiday', 'zero_rated') THEN 0
        WHEN tax_amount <> 0 AND stripe_rate IS NOT NULL THEN stripe_rate
        WHEN taxability_reason = 'not_available' AND stripe_rate = 0 THEN 0
        WHEN supply_of_row = 'accessory' THEN s.rate
        ELSE coalesce(own_rate, default_rate)
    END::DECIMAL(5, 2) AS vat_rate
FROM rated
LEFT JOIN shipped s USING (sale_id);
