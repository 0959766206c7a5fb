-- 10: every Stripe invoice: total = paid through balance transactions + off Stripe + credit balance + credit notes + open.
-- All of an invoice stands on its own day, for Stripe tells what is open only as of the last look. A bank debit that may
-- still fail, and what was paid on days that are not in the books yet, counts as open.
CREATE OR REPLACE TEMP TABLE invoice_sums AS
WITH proven AS (
    SELECT s.sale_id, s.event_day, s.number, s.currency, i.status, i.total, i.amount_remaining,
           -- A negative invoice is settled by what it gives to the customer's credit balance.
           CASE WHEN i.total < 0 THEN i.ending_balance - coalesce(i.starting_balance, 0) ELSE 0 END AS given
    FROM ledger.sales s
    JOIN stripe.invoices i ON i.id = s.sale_id
    -- Under the cash method what was never paid is in no books, and so is its void.
    WHERE NOT s.before_start AND NOT (i.status = 'void' AND policy('accounting_method') = 'cash')
),
paid AS (
    SELECT p.sale_id, sum(p.settles) FILTER (c.status <> 'pending') AS amount
    FROM ledger.payments p
    JOIN stripe.charges c ON c.id = p.charge
    WHERE p.sale_id IN (SELECT sale_id FROM proven)
    GROUP BY p.sale_id
),
later AS (
    SELECT n.invoice AS sale_id, sum(n.amount_paid) AS amount
    FROM stripe.invoice_payments n
    WHERE n.status = 'paid' AND coalesce(n.payment_intent, n.charge) IS NOT NULL
      AND local_day(coalesce(n.paid_at, n.created)) NOT IN (SELECT day FROM ledger.covered_days)
      AND NOT EXISTS (SELECT 1 FROM ledger.payments p JOIN stripe.charges c ON c.id = p.charge
                      WHERE p.sale_id = n.invoice AND c.payment_intent = n.payment_intent)
      AND NOT EXISTS (SELECT 1 FROM ledger.payments p WHERE p.sale_id = n.invoice AND p.charge = n.charge)
    GROUP BY n.invoice
),
settled AS (
    SELECT sale_id, sum(amount) FILTER (kind = 'paid_outside') AS outside,
           sum(amount) FILTER (kind = 'credit_balance') AS balance
    FROM ledger.settlements WHERE kind IN ('paid_outside', 'credit_balance') GROUP BY sale_id
),
credited AS (
    -- A credit after payment gives money back: the invoice stays paid. One under the cash method was never booked.
    SELECT n.invoice AS sale_id, sum(n.pre_payment_amount) AS amount
    FROM stripe.credit_notes n
    WHERE n.status = 'issued'
      AND (policy('accounting_method') = 'cash' OR n.id IN (SELECT credit_id FROM ledger.credits))
    GROUP BY n.invoice
),
voided AS (SELECT sale_id, sum(gross) AS amount FROM ledger.credits WHERE kind = 'void' GROUP BY sale_id)
SELECT p.sale_id, p.event_day AS day, p.number, p.currency, p.status, p.total,
       coalesce(d.amount, 0) AS paid, coalesce(t.outside, 0) AS outside, coalesce(t.balance, 0) + coalesce(p.given, 0) AS balance,
       coalesce(c.amount, 0) + coalesce(v.amount, 0) AS credited,
       -- What Stripe still asks for on a void invoice, nobody owes.
       CASE WHEN p.status = 'void' THEN 0 ELSE coalesce(p.amount_remaining, 0) END + coalesce(l.amount, 0) AS still_open
FROM proven p
LEFT JOIN paid d USING (sale_id)
LEFT JOIN later l USING (sale_id)
LEFT JOIN settled t USING (sale_id)
LEFT JOIN credited c USING (sale_id)
LEFT JOIN voided v USING (sale_id);

INSERT INTO sides BY NAME
SELECT '10' AS equation, currency, sale_id AS unit, day, units(total, currency) AS left_side,
       units(paid + outside + balance + credited + still_open, currency) AS right_side
FROM invoice_sums;
