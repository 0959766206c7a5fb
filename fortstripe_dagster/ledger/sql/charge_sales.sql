-- Which sale a charge pays: the invoices of its payment intent, else itself. Neither object names the other, so they are
-- joined by the invoice payment. A pending bank debit has moved money before its invoice payment is paid, and one that
-- failed afterwards still belongs to its invoice, so the status of the invoice payment does not matter here. An agent sells
-- by payment, not by invoice (agent_invoices).
-- Nothing without: stripe.charges
CREATE OR REPLACE TABLE ledger.charge_sales AS
WITH moved AS (
    SELECT *, CASE WHEN status = 'succeeded' THEN amount_captured ELSE amount END AS charged
    FROM stripe.charges c
    WHERE status = 'succeeded'
       OR EXISTS (SELECT 1 FROM stripe.balance_transactions b
                  WHERE b.source = c.id AND b.type IN ('charge', 'payment', 'validation'))
),
paying AS (
    SELECT c.id, p.invoice, coalesce(p.amount_paid, p.amount_requested) AS amount
    FROM moved c JOIN stripe.invoice_payments p ON p.charge = c.id
    UNION ALL
    SELECT c.id, p.invoice, coalesce(p.amount_paid, p.amount_requested)
    FROM moved c JOIN stripe.invoice_payments p ON p.payment_intent = c.payment_intent AND p.charge IS NULL
)
SELECT c.id AS charge, coalesce(p.invoice, c.id) AS sale_id, coalesce(p.amount, c.charged) AS amount
FROM moved c
LEFT JOIN (FROM paying WHERE invoice NOT IN (SELECT sale_id FROM ledger.agent_invoices)) p ON p.id = c.id
WHERE c.charged > 0;
