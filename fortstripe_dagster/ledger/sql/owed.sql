-- What Stripe's invoices ask their customers to pay, in minor units: the total less what credit notes took off before
-- payment, less the credit balance that was used, less what was paid outside Stripe. Whatever comes in above is overpaid.
CREATE OR REPLACE TABLE ledger.owed AS
WITH outside AS (
    SELECT invoice, sum(amount_paid) AS amount FROM stripe.invoice_payments
    WHERE status = 'paid' AND payment_intent IS NULL AND charge IS NULL
    GROUP BY invoice
),
reduced AS (
    SELECT invoice, sum(pre_payment_amount) AS amount FROM stripe.credit_notes WHERE status = 'issued' GROUP BY invoice
)
SELECT
    i.id AS sale_id,
    CASE WHEN i.ending_balance IS NULL THEN 0 ELSE i.ending_balance - coalesce(i.starting_balance, 0) END AS balance_used,
    coalesce(o.amount, 0)::BIGINT AS outside,
    coalesce(r.amount, 0)::BIGINT AS credited_before_payment,
    i.total - balance_used - outside - credited_before_payment AS owed
FROM stripe.invoices i
LEFT JOIN outside o ON o.invoice = i.id
LEFT JOIN reduced r ON r.invoice = i.id
WHERE i.status <> 'draft';
