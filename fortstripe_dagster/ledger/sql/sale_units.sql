-- The unit of sale: a Stripe invoice, or a charge without one; its event day, its moment and its amount. What it is
-- and whose, and so its VAT, is found out by the files that follow.
-- Nothing without: stripe.invoices or ledger.charge_sales
CREATE OR REPLACE TABLE ledger.sale_units AS
WITH first_payment AS (
    SELECT s.sale_id, min(b.day) AS day, min(b.created) AS moment, min_by(c.id, (b.created, b.id)) AS charge
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge
    JOIN stripe.balance_transactions b ON b.source = c.id AND b.type IN ('charge', 'payment', 'validation')
    GROUP BY s.sale_id
)
SELECT
    i.id AS sale_id,
    'invoice' AS kind,
    CASE policy('invoice_when')
        -- Without a charge it was paid by the credit balance, or outside Stripe.
        WHEN 'paid' THEN coalesce(p.day, local_day(i.paid_at))
        ELSE local_day(coalesce(i.effective_at, i.finalized_at))
    END AS event_day,
    coalesce(i.effective_at, i.finalized_at, i.created) AS moment,
    p.charge,
    i.currency,
    i.total AS gross,
    i.number,
    local_day(i.due_date) AS due_day,
    coalesce(i.description, 'Stripe ' || coalesce(i.number, i.id)) AS text,
    i.status AS stripe_status,
    -- A subscription's seller is today's: what was paid says itself whose it was.
    coalesce(i.seller, CASE WHEN p.charge IS NULL THEN b.seller END) AS seller
FROM stripe.invoices i
LEFT JOIN first_payment p ON p.sale_id = i.id
LEFT JOIN stripe.subscriptions b ON b.id = i.subscription
WHERE i.status <> 'draft' AND i.id NOT IN (SELECT sale_id FROM ledger.agent_invoices)
  -- What a gift card or unused time pays in full is a sale too, though nothing is left to pay; a downgrade that leaves
  -- more unused time than it sells is one of a negative amount.
  AND (i.total <> 0 OR i.id IN (SELECT invoice FROM stripe.invoice_lines WHERE amount < 0)
       OR i.id IN (SELECT owner FROM ledger.gift_card_uses))
UNION ALL
-- The balance transaction of a sale before the books began may not be there: its own day will do.
SELECT c.id, 'charge', coalesce(p.day, c.day), coalesce(p.moment, c.created), c.id, c.currency, s.amount,
       c.receipt_number, coalesce(p.day, c.day), coalesce(c.description, 'Stripe ' || c.id), c.status,
       c.seller
FROM ledger.charge_sales s
JOIN stripe.charges c ON c.id = s.charge AND s.sale_id = c.id
LEFT JOIN first_payment p ON p.sale_id = c.id;
