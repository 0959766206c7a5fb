-- Stripe invoices that the company issues as a seller's agent: the claim on the buyer is the seller's, and only a payment
-- says what goes to the seller. So each payment is a sale of its own (charge_sales), the invoice is none, and what settles
-- it beside payments is watched (watchdogs).
-- Nothing without: policy connect = agent
-- Nothing without: stripe.invoice_payments or stripe.invoices
CREATE OR REPLACE TABLE ledger.agent_invoices AS
WITH payments AS (
    SELECT p.invoice, c.seller FROM stripe.invoice_payments p JOIN stripe.charges c ON c.id = p.charge
    WHERE c.status <> 'failed'
    UNION
    SELECT p.invoice, c.seller FROM stripe.invoice_payments p
    JOIN stripe.charges c ON c.payment_intent = p.payment_intent AND p.charge IS NULL
    WHERE c.status <> 'failed'
), of_sellers AS (
    SELECT invoice, seller FROM payments
    UNION
    SELECT id, seller FROM stripe.invoices
    UNION
    -- A subscription's seller is today's: of an invoice that was paid to the company itself it says nothing.
    SELECT i.id, s.seller FROM stripe.invoices i JOIN stripe.subscriptions s ON s.id = i.subscription
    WHERE i.id NOT IN (SELECT invoice FROM payments WHERE seller IS NULL)
)
SELECT invoice AS sale_id, min(seller) AS seller
FROM of_sellers
WHERE seller IS NOT NULL AND policy('connect') = 'agent'
GROUP BY invoice;
