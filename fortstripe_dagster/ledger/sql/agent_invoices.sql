-- Stripe invoices that the company issues as a seller's agent: the claim on the buyer is the seller's, and only a payment
-- says what goes to the seller. So each payment is a sale of its own (charge_sales), the invoice is none, and what settles
-- it beside payments is watched (watchdogs).
CREATE OR REPLACE TABLE ledger.agent_invoices AS
WITH paying AS (
    SELECT p.invoice, c.seller FROM stripe.invoice_payments p JOIN stripe.charges c ON c.id = p.charge
    WHERE c.seller IS NOT NULL AND policy('connect') = 'agent'
    UNION
    SELECT p.invoice, c.seller FROM stripe.invoice_payments p
    JOIN stripe.charges c ON c.payment_intent = p.payment_intent AND p.charge IS NULL
    WHERE c.seller IS NOT NULL AND policy('connect') = 'agent'
    UNION
    SELECT i.id, coalesce(i.seller, s.seller)
    FROM stripe.invoices i LEFT JOIN stripe.subscriptions s ON s.id = i.subscription
    WHERE coalesce(i.seller, s.seller) IS NOT NULL AND policy('connect') = 'agent'
)
SELECT invoice AS sale_id, min(seller) AS seller FROM paying GROUP BY invoice;
