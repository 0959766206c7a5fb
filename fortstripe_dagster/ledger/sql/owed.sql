-- What Stripe's invoices ask their customers to pay, in minor units: the total less what credit notes took off before
-- payment, less the credit balance that was used, less what was paid outside Stripe. Whatever comes in above is overpaid.
-- Nothing without: stripe.invoices
CREATE OR REPLACE TABLE ledger.owed AS
WITH linked AS (
    SELECT invoice, sum(amount_paid) FILTER (payment_intent IS NULL AND charge IS NULL) AS outside
    FROM stripe.invoice_payments
    WHERE status = 'paid'
    GROUP BY invoice
),
reduced AS (
    SELECT invoice, sum(pre_payment_amount) AS amount FROM stripe.credit_notes WHERE status = 'issued' GROUP BY invoice
)
SELECT
    i.id AS sale_id,
    CASE WHEN i.ending_balance IS NULL THEN 0 ELSE i.ending_balance - coalesce(i.starting_balance, 0) END AS balance_used,
    coalesce(r.amount, 0)::BIGINT AS credited_before_payment,
    -- An invoice may be called paid without any payment that says so. Where Stripe does not tell how much of it came from
    -- outside, one without a single payment did altogether.
    greatest(CASE WHEN i.amount_paid_off_stripe IS NULL AND i.status = 'paid' AND l.invoice IS NULL
                  THEN i.total - balance_used - credited_before_payment
                  ELSE coalesce(i.amount_paid_off_stripe, 0) END - coalesce(l.outside, 0), 0)::BIGINT AS outside_without_payment,
    (coalesce(l.outside, 0) + outside_without_payment)::BIGINT AS outside,
    i.total - balance_used - outside - credited_before_payment AS owed
FROM stripe.invoices i
LEFT JOIN linked l ON l.invoice = i.id
LEFT JOIN reduced r ON r.invoice = i.id
WHERE i.status <> 'draft';
