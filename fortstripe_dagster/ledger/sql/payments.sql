-- Money on receivables: each payment, refund and failed payment with the sale or credit that it settles, and how much
-- of that in öre. A charge over several invoices has a row for each; partial payments round cumulatively to the whole.
-- What settles nothing is the customer's: overpaid (credit_ore, the customer's credit balance at Stripe), authorised but
-- not captured, or given back after it was credited before (debt_ore).
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
           round_div(moved::HUGEINT * share_end, whole) - round_div(moved::HUGEINT * (share_end - amount), whole)
               AS clearing_amount,
           round_div(moved_ore::HUGEINT * share_end, whole) - round_div(moved_ore::HUGEINT * (share_end - amount), whole)
               AS clearing_ore
    FROM shares
),
paid AS (
    SELECT
        CASE WHEN sales_of_charge = 1 THEN id ELSE id || ':' || sale_id END AS entry_id,
        id AS balance_transaction, day, 'payment' AS treatment, sale_id, NULL::VARCHAR AS credit_id, charge, same_currency,
        clearing_amount, clearing_ore,
        round_div(sale_ore::HUGEINT * sum(settles) OVER upto, sale_gross)
            - round_div(sale_ore::HUGEINT * (sum(settles) OVER upto - settles), sale_gross) AS receivable_ore,
        -- Overpaid is what the invoice did not ask for, and what the charge took beyond all of its invoices.
        round_div(clearing_ore * (overpaid::HUGEINT * whole + greatest(charged - whole, 0)::HUGEINT * amount),
                  amount::HUGEINT * (greatest(charged, whole) + lapsed)) AS credit_ore,
        round_div(clearing_ore::HUGEINT * lapsed, greatest(charged, whole) + lapsed) AS debt_ore,
        settles, CASE WHEN day < sale_day THEN sale_day END AS settled_day
    FROM counted
    WINDOW upto AS (PARTITION BY sale_id ORDER BY created, id ROWS UNBOUNDED PRECEDING)
),
noted AS (
    -- A refund that came with credit notes settles those, each in proportion.
    SELECT n.refund, k.credit_id, k.sale_id, k.currency, n.amount_refunded AS amount,
           round_div(k.gross_ore::HUGEINT * n.amount_refunded, k.gross) AS credited_ore,
           count(*) OVER of_refund AS notes, sum(n.amount_refunded) OVER of_refund AS whole,
           sum(n.amount_refunded) OVER (PARTITION BY n.refund ORDER BY k.credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM stripe.credit_note_refunds n
    JOIN ledger.credits k ON k.credit_id = n.credit_note AND k.gross > 0
    WINDOW of_refund AS (PARTITION BY n.refund)
),
own AS (
    -- A refund without credit notes settles a credit of its own for each sale of its charge, in the charge's parts.
    SELECT k.reversal AS refund, k.credit_id, k.sale_id, k.currency, k.gross, k.gross_ore, s.amount,
           sum(s.amount) OVER (PARTITION BY k.reversal) AS whole,
           sum(s.amount) OVER (PARTITION BY k.reversal ORDER BY k.credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM ledger.credits k
    JOIN ledger.charge_sales s ON s.charge = k.charge AND s.sale_id = k.sale_id
    WHERE k.kind = 'refund'
),
refunded AS (
    SELECT
        CASE WHEN n.notes > 1 THEN m.id || ':' || n.credit_id WHEN own.credit_id <> own.refund THEN m.id || ':' || own.sale_id
             ELSE m.id END AS entry_id,
        m.id AS balance_transaction, m.day, 'refund' AS treatment,
        coalesce(own.sale_id, n.sale_id) AS sale_id, coalesce(own.credit_id, n.credit_id) AS credit_id, m.charge,
        m.currency = coalesce(own.currency, n.currency) AS same_currency,
        -- The part of the whole that is this credit's.
        CASE WHEN n.notes > 1 THEN n.share_end ELSE coalesce(own.share_end, 1) END AS upto,
        CASE WHEN n.notes > 1 THEN n.share_end - n.amount ELSE coalesce(own.share_end - own.amount, 0) END AS before,
        CASE WHEN n.notes > 1 THEN n.whole ELSE coalesce(own.whole, 1) END AS parts,
        round_div(m.amount::HUGEINT * upto, parts) - round_div(m.amount::HUGEINT * before, parts) AS clearing_amount,
        round_div(m.amount_ore::HUGEINT * upto, parts) - round_div(m.amount_ore::HUGEINT * before, parts) AS clearing_ore,
        CASE WHEN n.notes > 1 THEN r.amount
             ELSE round_div(r.amount::HUGEINT * upto, parts) - round_div(r.amount::HUGEINT * before, parts) END AS asked,
        coalesce(-own.gross_ore, -n.credited_ore) AS receivable_ore,
        0 AS credit_ore,
        CASE WHEN asked = 0 THEN 0
             ELSE round_div(clearing_ore::HUGEINT * greatest(asked - coalesce(own.gross, n.whole), 0), asked) END AS debt_ore,
        0 AS settles, NULL::DATE AS settled_day
    FROM ledger.movements m
    JOIN stripe.refunds r ON r.id = m.source
    LEFT JOIN own ON own.refund = r.id
    -- Equal alone makes a hash join: a condition on one side would compare each with each.
    LEFT JOIN noted n ON n.refund = CASE WHEN own.credit_id IS NULL THEN r.id END
    WHERE m.treatment = 'refund'
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
SELECT * FROM paid UNION ALL SELECT * EXCLUDE (upto, before, parts, asked) FROM refunded UNION ALL SELECT * FROM failed;
