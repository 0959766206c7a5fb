-- 8: under sales = invoice, every successful payment of the days has exactly one invoice in Fortnox, booked and paid.
-- Counted in payments; an invoice is Stripe's or the charge's own by its reference. What a credit took back need not be
-- paid: the invoice and its credit invoices are open by the same amount until somebody sets them off.
CREATE OR REPLACE TEMP TABLE paid_sales AS
WITH invoices AS (
    -- One that was credited as a correction no longer counts.
    SELECT referred(reference) AS reference, count(*) AS invoices, string_agg(number, ', ' ORDER BY number) AS numbers,
           bool_and(booked) AS booked
    FROM proof.fortnox_invoices i
    WHERE NOT cancelled AND total >= 0 AND reference IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM proof.fortnox_invoices r
                      WHERE r.reference = i.reference || ':reversal' AND NOT r.cancelled)
    GROUP BY ALL
),
owed AS (
    -- What the ledger itself leaves open on a sale: a partial payment, a payment that failed later.
    SELECT e.sale_id, sum(l.debit - l.credit) AS amount
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (account('receivable'), account('advances'))
    GROUP BY e.sale_id
)
SELECT p.entry_id, p.sale_id, p.charge, p.day, coalesce(i.invoices, 0) AS invoices, i.numbers, i.booked,
       coalesce(b.balance, 0) AS balance,
       coalesce(i.invoices = 1 AND i.booked AND (b.balance IS NULL OR b.balance = 0 OR o.amount <> 0), false) AS proven
FROM ledger.payments p
JOIN ledger.sales s ON s.sale_id = p.sale_id AND NOT s.before_start
LEFT JOIN invoices i ON i.reference = p.sale_id
LEFT JOIN owed o ON o.sale_id = p.sale_id
LEFT JOIN open_by_sale b ON b.sale_id = p.sale_id
WHERE p.treatment = 'payment' AND p.day BETWEEN choice('first')::DATE AND choice('last')::DATE
  AND choice('sales') = 'invoice';

INSERT INTO sides BY NAME
SELECT '8' AS equation, entry_id AS unit, day, 1 AS left_side, proven::INTEGER AS right_side FROM paid_sales;
