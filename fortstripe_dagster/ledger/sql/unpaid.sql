-- Under the cash method (kontantmetoden): what customers owe on Stripe invoices, from one day until the next change, in
-- minor units. Nothing of it is booked before it is paid, except on the last day of a financial year, when a person books
-- all that is open (bokslutsmetoden): the rows whose `from_day` is on or before that day and whose `until_day` is after it.
-- The VAT is Stripe's own figure, in the proportion that is open: an unpaid invoice has no VAT decision yet.
-- Nothing without: policy accounting_method = cash
-- Nothing without: stripe.invoices
CREATE OR REPLACE TABLE ledger.unpaid AS
WITH issued AS (
    SELECT i.id AS sale_id, i.number, i.customer, i.currency, i.total, local_day(coalesce(i.effective_at, i.finalized_at)) AS day,
           local_day(i.voided_at) AS void_day, coalesce(o.balance_used, 0) AS balance_used,
           coalesce((SELECT sum(l.tax_amount) FROM stripe.invoice_lines l WHERE l.invoice = i.id), 0) + coalesce(i.shipping_tax, 0)
               AS vat
    FROM stripe.invoices i
    LEFT JOIN ledger.owed o ON o.sale_id = i.id
    WHERE policy('accounting_method') = 'cash' AND i.total > 0 AND coalesce(i.effective_at, i.finalized_at) IS NOT NULL
      AND i.status <> 'draft' AND i.id NOT IN (SELECT sale_id FROM ledger.agent_invoices)
),
changes AS (
    SELECT sale_id, day, total - balance_used AS amount FROM issued
    UNION ALL
    SELECT p.invoice, greatest(local_day(coalesce(p.paid_at, p.created)), i.day), -p.amount_paid
    FROM stripe.invoice_payments p JOIN issued i ON i.sale_id = p.invoice WHERE p.status = 'paid'
    UNION ALL
    SELECT n.invoice, greatest(local_day(coalesce(n.effective_at, n.created)), i.day), -coalesce(n.pre_payment_amount, 0)
    FROM stripe.credit_notes n JOIN issued i ON i.sale_id = n.invoice WHERE n.status = 'issued'
),
daily AS (SELECT sale_id, day, sum(amount) AS change FROM changes GROUP BY sale_id, day),
running AS (
    SELECT d.sale_id, d.day AS from_day,
           sum(d.change) OVER upto AS open_amount,
           least(lead(d.day) OVER upto, i.void_day) AS until_day
    FROM daily d JOIN issued i USING (sale_id)
    WHERE i.void_day IS NULL OR d.day < i.void_day
    WINDOW upto AS (PARTITION BY d.sale_id ORDER BY d.day)
)
SELECT r.sale_id, i.number, i.customer, i.currency, r.from_day, r.until_day, r.open_amount::BIGINT AS open_amount,
       round_div(i.vat::HUGEINT * r.open_amount, i.total) AS vat_amount
FROM running r JOIN issued i USING (sale_id)
WHERE r.open_amount > 0;
