-- What a charge sold for a connected account is to the seller's agent: the seller's part, a debt that no VAT is due on, and
-- the commission kept, which is the agent's whole turnover. Row 1 is the commission, so that the rules for a charge's
-- only row decide where it is booked. What goes to the seller is said by the charge alone: a sale on a seller's behalf
-- without it has no rows here and is held (sales.sql).
-- Nothing without: policy connect = agent
-- Nothing without: ledger.charge_sales
CREATE OR REPLACE TABLE ledger.agent_rows AS
WITH sold AS (
    SELECT s.sale_id, c.seller, coalesce(c.description, 'Stripe ' || c.id) AS description, s.amount AS gross,
           least(c.seller_amount, s.amount) AS seller_part
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge AND c.id = s.sale_id
    WHERE c.seller_amount IS NOT NULL AND policy('connect') = 'agent'
)
SELECT sale_id, 1 AS row_no, 'commission' AS kind, 'Förmedling: ' || description AS description, gross - seller_part AS gross
FROM sold WHERE gross > seller_part
UNION ALL
SELECT sale_id, 2, 'seller', 'För ' || seller || ': ' || description, seller_part FROM sold WHERE seller_part > 0;
