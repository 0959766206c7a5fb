-- Which of the company's rules decided a row of a sale, and what it decided: the first rule that fits. Built before the
-- rows themselves, since a rule may say their VAT. A row that no rule fits is not here.
-- Nothing without: ledger.rules
-- Nothing without: ledger.parties
CREATE OR REPLACE TABLE ledger.row_rules AS
WITH sold AS (
    SELECT l.invoice AS sale_id, l.position AS row_no, l.product, l.price, i.customer, i.currency,
           concat_ws(' ', l.description, p.name) AS description, p.metadata AS of_product, r.metadata AS of_price,
           l.metadata AS nearest
    FROM stripe.invoice_lines l
    JOIN stripe.invoices i ON i.id = l.invoice AND i.status <> 'draft'
    LEFT JOIN stripe.products p ON p.id = l.product
    LEFT JOIN stripe.prices r ON r.id = l.price
    UNION ALL
    SELECT k.sale_id, k.row_no, k.product, k.price, c.customer, c.currency, concat_ws(' ', k.description, p.name),
           p.metadata, coalesce(k.price_metadata, r.metadata), k.metadata
    FROM ledger.checkout_rows k
    JOIN stripe.charges c ON c.id = k.sale_id
    LEFT JOIN stripe.products p ON p.id = k.product
    LEFT JOIN stripe.prices r ON r.id = k.price
    UNION ALL
    SELECT c.id, 1, NULL, NULL, c.customer, c.currency, c.description, NULL, NULL, c.metadata
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge AND c.id = s.sale_id
    WHERE c.id NOT IN (SELECT sale_id FROM ledger.checkout_rows)
),
described AS (
    SELECT s.* EXCLUDE (of_product, of_price, nearest), q.country,
           json_merge_patch(coalesce(c.metadata, '{}'), coalesce(s.of_product, '{}'), coalesce(s.of_price, '{}'),
                            coalesce(s.nearest, '{}')) AS metadata
    FROM sold s
    JOIN ledger.parties q ON q.sale_id = s.sale_id
    LEFT JOIN stripe.customers c ON c.id = s.customer
    WHERE EXISTS (SELECT 1 FROM ledger.rules)
),
fitting AS (
    SELECT d.sale_id, d.row_no, min(r.rule_no) AS rule_no
    FROM described d
    JOIN ledger.rules r
      ON (r.product IS NULL OR list_contains(r.product, d.product))
     AND (r.price IS NULL OR list_contains(r.price, d.price))
     AND (r.customer IS NULL OR list_contains(r.customer, d.customer))
     AND (r.currency IS NULL OR list_contains(r.currency, d.currency))
     AND (r.country IS NULL OR list_contains(r.country, d.country))
     AND (r.description IS NULL
          OR len(list_filter(r.description, lambda part: contains(lower(d.description), lower(part)))) > 0)
     AND (r.metadata IS NULL OR json_contains(d.metadata, r.metadata))
    GROUP BY d.sale_id, d.row_no
)
SELECT f.sale_id, f.row_no, r.rule_no, r.rule, r.account, r.cost_center, r.project, r.article, r.supply, r.vat_rate,
       r.vat_class, r.kind
FROM fitting f
JOIN ledger.rules r USING (rule_no);
