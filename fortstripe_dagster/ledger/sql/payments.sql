-- Money on receivables: each payment and failed payment with the sale that it settles, and how much of that in öre; refunds
-- follow in payments_refunded.sql. A charge over several invoices has a row for each; partial payments round
-- cumulatively to the whole. What settles nothing is the customer's: overpaid (credit_ore, the customer's credit balance
-- at Stripe), authorised but not captured, or given back after it was credited before (debt_ore).
-- Nothing without: ledger.movements
CREATE OR REPLACE TABLE ledger.payments AS
WITH captured_later AS (SELECT DISTINCT charge FROM ledger.movements WHERE treatment = 'capture_reversal'),
bounced AS (SELECT DISTINCT charge FROM ledger.movements WHERE treatment = 'payment_failed'),
moved AS (
    -- The older style of partial capture moves the whole authorisation: only the captured part pays the sale.
    SELECT m.id, m.day, m.created, m.charge, m.currency, m.amount AS moved, m.amount_ore AS moved_ore,
           c.currency AS charge_currency,
           CASE WHEN l.charge IS NULL THEN 0 ELSE c.amount - c.amount_captured END AS lapsed,
           CASE WHEN c.status = 'succeeded' THEN c.amount_captured ELSE c.amount END AS charged,
           b.charge IS NOT NULL AS bounced
    FROM ledger.movements m
    JOIN stripe.charges c ON c.id = m.charge
    LEFT JOIN captured_later l ON l.charge = m.charge
    LEFT JOIN bounced b ON b.charge = m.charge
    WHERE m.treatment = 'payment'
),
shares AS (
    SELECT
        m.*, s.sale_id, s.amount, m.currency = x.currency AS same_currency,
        x.gross AS sale_gross, x.gross_ore AS sale_ore, x.event_day AS sale_day,
        count(*) OVER of_charge AS sales_of_charge,
        sum(s.amount) OVER of_charge AS whole,
        sum(s.amount) OVER (PARTITION BY m.id ORDER BY s.sale_id ROWS UNBOUNDED PRECEDING) AS share_end,
        coalesce(d.owed, x.gross) AS owed,
        coalesce(sum(CASE WHEN m.bounced THEN 0 ELSE s.amount END) OVER
            (PARTITION BY s.sale_id ORDER BY m.created, m.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS paid_before
    FROM moved m
    JOIN ledger.charge_sales s ON s.charge = m.charge AND s.amount > 0
    JOIN ledger.sales x ON x.sale_id = s.sale_id
    LEFT JOIN ledger.owed d ON d.sale_id = s.sale_id
    WINDOW of_charge AS (PARTITION BY m.id)
),
counted AS (
    -- What is more than the invoice asks for is the customer's credit.
    SELECT *,
           CASE WHEN bounced THEN 0 ELSE greatest(amount - greatest(owed - paid_before, 0), 0) END AS overpaid,
           amount - overpaid AS settles,
           share(moved, share_end - amount, share_end, whole) AS clearing_amount,
           share(moved_ore, share_end - amount, share_end, whole) AS clearing_ore
    FROM shares
),
summed AS (
    SELECT *, greatest(charged, whole) + lapsed AS taken,
           sum(settles) OVER (PARTITION BY sale_id ORDER BY created, id ROWS UNBOUNDED PRECEDING) AS settled_upto
    FROM counted
),
paid AS (
    SELECT
        CASE WHEN sales_of_charge = 1 THEN id ELSE id || ':' || sale_id END AS entry_id,
        id AS balance_transaction, day, 'payment' AS treatment, sale_id, NULL::VARCHAR AS credit_id, charge, same_currency,
        clearing_amount, clearing_ore,
        share(sale_ore, settled_upto - settles, settled_upto, sale_gross) AS receivable_ore,
        -- Overpaid is what the invoice did not ask for, and what the charge took beyond all of its invoices.
        round_div(clearing_ore * (overpaid::HUGEINT * whole + greatest(charged - whole, 0)::HUGEINT * amount),
                  amount::HUGEINT * taken) AS credit_ore,
        round_div(clearing_ore::HUGEINT * lapsed, taken) AS debt_ore,
        settles, CASE WHEN day < sale_day THEN sale_day END AS settled_day
    FROM summed
),
failed AS (
    -- A pending payment that failed later: the sale stands, its receivable is open again, in the payment's proportions.
    SELECT
        CASE WHEN count(*) OVER (PARTITION BY m.id) = 1 THEN m.id ELSE m.id || ':' || p.sale_id END,
        m.id, m.day, 'payment_failed', p.sale_id, NULL, m.charge, p.same_currency,
        -p.clearing_amount, -p.clearing_ore, -p.receivable_ore, -p.credit_ore, -p.debt_ore, -p.settles, NULL
    FROM ledger.movements m
    JOIN paid p ON p.charge = m.charge
    WHERE m.treatment = 'payment_failed'
)
SELECT * FROM paid UNION ALL SELECT * FROM failed;
