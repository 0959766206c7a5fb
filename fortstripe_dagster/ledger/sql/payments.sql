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
    -- What credit notes take of a refund.
    SELECT n.refund, k.credit_id, k.sale_id, k.currency, n.amount_refunded AS amount, n.amount_refunded AS credited,
           k.event_day AS credit_day, round_div(k.gross_ore::HUGEINT * n.amount_refunded, k.gross) AS credited_ore,
           sum(n.amount_refunded) OVER (PARTITION BY n.refund) AS of_notes
    FROM stripe.credit_note_refunds n
    JOIN ledger.credits k ON k.credit_id = n.credit_note AND k.gross > 0
),
alone AS (
    -- The rest of it settles a credit of its own for each sale of its charge, in the charge's parts.
    SELECT k.reversal AS refund, k.credit_id, k.sale_id, k.currency, k.gross, k.gross_ore, s.amount,
           r.amount - coalesce((SELECT any_value(n.of_notes) FROM noted n WHERE n.refund = r.id), 0) AS rest,
           sum(s.amount) OVER (PARTITION BY k.reversal) AS whole,
           sum(s.amount) OVER (PARTITION BY k.reversal ORDER BY k.credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM ledger.credits k
    JOIN stripe.refunds r ON r.id = k.reversal
    JOIN ledger.charge_sales s ON s.charge = k.charge AND s.sale_id = k.sale_id
    WHERE k.kind = 'refund'
),
settled AS (
    SELECT refund, credit_id, sale_id, currency, amount, credited, credited_ore, credit_day, true AS noted FROM noted
    UNION ALL
    SELECT refund, credit_id, sale_id, currency,
           round_div(rest::HUGEINT * share_end, whole) - round_div(rest::HUGEINT * (share_end - amount), whole),
           gross, gross_ore, NULL, false
    FROM alone
),
shared AS (
    SELECT *, count(*) OVER of_refund AS parts, sum(amount) OVER of_refund AS whole,
           sum(amount) OVER (PARTITION BY refund ORDER BY credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM settled
    WINDOW of_refund AS (PARTITION BY refund)
),
refunded AS (
    SELECT
        CASE WHEN s.noted AND s.parts > 1 THEN m.id || ':' || s.credit_id
             WHEN NOT s.noted AND s.credit_id <> s.refund THEN m.id || ':' || s.sale_id
             ELSE m.id END AS entry_id,
        m.id AS balance_transaction, m.day, 'refund' AS treatment, s.sale_id, s.credit_id, m.charge,
        m.currency = s.currency AS same_currency,
        -- The part of the whole that is this credit's: all of it where nothing is known of its sale.
        CASE WHEN s.whole > 0 THEN s.share_end ELSE 1 END AS upto,
        CASE WHEN s.whole > 0 THEN s.share_end - s.amount ELSE 0 END AS before,
        CASE WHEN s.whole > 0 THEN s.whole ELSE 1 END AS all_parts,
        round_div(m.amount::HUGEINT * upto, all_parts) - round_div(m.amount::HUGEINT * before, all_parts) AS clearing_amount,
        round_div(m.amount_ore::HUGEINT * upto, all_parts) - round_div(m.amount_ore::HUGEINT * before, all_parts)
            AS clearing_ore,
        round_div(r.amount::HUGEINT * upto, all_parts) - round_div(r.amount::HUGEINT * before, all_parts) AS asked,
        -s.credited_ore AS receivable_ore,
        0 AS credit_ore,
        CASE WHEN asked = 0 OR s.refund IS NULL THEN 0
             ELSE round_div(clearing_ore::HUGEINT * greatest(asked - s.credited, 0), asked) END AS debt_ore,
        -- Money that left before its credit note came waits for that on 2420, as what comes before its invoice does.
        0 AS settles, CASE WHEN m.day < s.credit_day THEN s.credit_day END AS settled_day
    FROM ledger.movements m
    JOIN stripe.refunds r ON r.id = m.source
    LEFT JOIN shared s ON s.refund = r.id
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
SELECT * FROM paid UNION ALL SELECT * EXCLUDE (upto, before, all_parts, asked) FROM refunded UNION ALL SELECT * FROM failed;
