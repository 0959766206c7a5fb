-- Lines of credit notes that are of no invoice line, with the VAT rate at which they take back: their own, else the only
-- one that was sold at. A credit lowers no VAT that its note does not show, and nobody guesses between rates: then the
-- credit waits for a person (`lacking`).
-- Nothing without: stripe.credit_note_lines WHERE invoice_line_item IS NULL
CREATE OR REPLACE TABLE ledger.free_credit_lines AS
WITH noted AS (
    SELECT n.credit_note AS credit_id, n.id AS line, c.invoice AS sale_id, n.invoice_line_item,
           n.amount - coalesce(n.discount_amount, 0)
               + CASE WHEN n.tax_behavior = 'exclusive' THEN coalesce(n.tax_amount, 0) ELSE 0 END AS gross,
           CASE WHEN n.tax_amount <> 0 THEN t.percentage::DECIMAL(5, 2) END AS rate,
           -- What the note says of VAT beyond its lines and its shipping; NULL where it does not say.
           c.total - c.total_excluding_tax - sum(n.tax_amount) OVER (PARTITION BY n.credit_note)
               - coalesce(c.shipping_tax, 0) AS more_tax
    FROM stripe.credit_note_lines n
    JOIN stripe.credit_notes c ON c.id = n.credit_note AND c.status = 'issued'
    LEFT JOIN stripe.tax_rates t ON t.id = n.tax_rate
),
sold AS (
    SELECT sale_id, list(DISTINCT vat_rate) AS rates, bool_or(taxed) AS taxed
    FROM ledger.rated_items WHERE NOT outside_vat GROUP BY sale_id
)
SELECT
    n.credit_id, n.line, n.sale_id, n.gross,
    CASE WHEN n.rate IS NOT NULL THEN CASE WHEN list_contains(s.rates, n.rate) THEN n.rate END
         WHEN len(s.rates) = 1 AND (s.rates[1] = 0 OR NOT s.taxed OR coalesce(n.more_tax <> 0, true)) THEN s.rates[1]
    END AS vat_rate,
    CASE WHEN vat_rate IS NOT NULL OR s.rates IS NULL THEN NULL
         WHEN n.rate IS NOT NULL THEN 'a line of the credit note has VAT at ' || rate_key(n.rate)
                                     || ' %, at which its invoice sold nothing'
         WHEN len(s.rates) = 1 THEN 'a line of the credit note has no VAT, but what was sold has'
         ELSE 'a line of the credit note does not say which of the invoice''s VAT rates it takes back'
    END || ': void the note in Stripe and issue it with the line''s tax rate, or book it by hand' AS lacking
FROM noted n
LEFT JOIN sold s ON s.sale_id = n.sale_id
WHERE n.invoice_line_item IS NULL;
