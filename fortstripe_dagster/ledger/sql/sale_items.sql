-- What was sold, in the currency it was sold in: one row for each invoice line, or for a charge without an invoice.
-- A row's gross includes its VAT. VAT rates come from Stripe's tax lines, else the product's or the charge's
-- metadata `vat_rate`, else the company's default supply; a rule of the company goes before metadata.
CREATE OR REPLACE TABLE ledger.sale_items AS
WITH invoice_rows AS (
    SELECT
        l.invoice AS sale_id,
        l.position AS row_no,
        coalesce(l.description, p.name, 'Stripe') AS description,
        coalesce(l.quantity, 1) AS quantity,
        l.amount - coalesce(l.discount_amount, 0)
            + CASE WHEN l.tax_behavior = 'exclusive' THEN coalesce(l.tax_amount, 0) ELSE 0 END AS gross,
        l.tax_amount,
        t.percentage AS stripe_rate,
        t.country AS tax_country,
        l.taxability_reason,
        l.product,
        p.metadata
    FROM stripe.invoice_lines l
    LEFT JOIN stripe.products p ON p.id = l.product
    LEFT JOIN stripe.tax_rates t ON t.id = l.tax_rate
    JOIN stripe.invoices i ON i.id = l.invoice AND i.status <> 'draft'
),
charge_rows AS (
    SELECT c.id, 1, coalesce(c.description, 'Stripe ' || c.id), 1, s.amount, NULL, NULL, NULL, NULL, NULL, c.metadata
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge
    WHERE s.sale_id = c.id
),
everything AS (SELECT * FROM invoice_rows UNION ALL SELECT * FROM charge_rows)
SELECT
    sale_id,
    row_no,
    description,
    quantity,
    gross,
    tax_amount,
    tax_country,
    taxability_reason,
    product,
    k.kind,
    coalesce(k.supply, json_extract_string(metadata, '$.supply'), policy('default_supply')) AS supply,
    CASE
        WHEN k.kind IN ('gift_card_multi', 'tip') THEN 0
        WHEN taxability_reason IN ('product_exempt', 'zero_rated') THEN 0
        WHEN tax_amount > 0 THEN stripe_rate
        ELSE coalesce(k.vat_rate,
                      try_cast(json_extract_string(metadata, '$.vat_rate') AS DECIMAL(5, 2)),
                      policy('default_vat_rate')::DECIMAL(5, 2))
    END::DECIMAL(5, 2) AS vat_rate
FROM everything
LEFT JOIN ledger.row_rules k USING (sale_id, row_no);
