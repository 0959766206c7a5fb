-- Money on receivables: each payment, refund and failed payment with the sale or credit that it settles, and how much
-- of that in öre. A charge over several invoices has a row for each; partial payments round cumulatively to the whole.
CREATE OR REPLACE TABLE ledger.payments AS
WITH shares AS (
    SELECT
        m.id, m.day, m.created, s.sale_id, s.charge, s.amount, m.amount AS moved, m.amount_ore AS moved_ore,
        m.currency = x.currency AS same_currency,
        x.gross AS sale_gross, x.gross_ore AS sale_ore, x.event_day AS sale_day,
        count(*) OVER (PARTITION BY m.id) AS sales_of_charge,
        sum(s.amount) OVER (PARTITION BY m.id) AS whole,
        sum(s.amount) OVER (PARTITION BY m.id ORDER BY s.sale_id ROWS UNBOUNDED PRECEDING) AS share_end,
        sum(s.amount) OVER (PARTITION BY s.sale_id ORDER BY m.created, m.id ROWS UNBOUNDED PRECEDING) AS paid_end
    FROM ledger.movements m
    JOIN ledger.charge_sales s ON s.charge = m.charge
    JOIN ledger.sales x ON x.sale_id = s.sale_id
    WHERE m.treatment = 'payment'
),
paid AS (
    SELECT
        CASE WHEN sales_of_charge = 1 THEN id ELSE id || ':' || sale_id END AS entry_id,
        id AS balance_transaction, day, 'payment' AS treatment, sale_id, NULL::VARCHAR AS credit_id, charge, same_currency,
        round_div(moved::HUGEINT * share_end, whole) - round_div(moved::HUGEINT * (share_end - amount), whole)
            AS clearing_amount,
        round_div(moved_ore::HUGEINT * share_end, whole) - round_div(moved_ore::HUGEINT * (share_end - amount), whole)
            AS clearing_ore,
        round_div(sale_ore::HUGEINT * paid_end, sale_gross) - round_div(sale_ore::HUGEINT * (paid_end - amount), sale_gross)
            AS receivable_ore,
        CASE WHEN day < sale_day THEN sale_day END AS settled_day
    FROM shares
),
refunded AS (
    -- A refund settles its own credit; one that came with a credit note settles that one, in proportion.
    SELECT
        m.id AS entry_id, m.id AS balance_transaction, m.day, 'refund' AS treatment,
        coalesce(own.sale_id, noted.sale_id) AS sale_id, coalesce(own.credit_id, noted.credit_id) AS credit_id, m.charge,
        m.currency = coalesce(own.currency, noted.currency) AS same_currency,
        m.amount AS clearing_amount, m.amount_ore AS clearing_ore,
        coalesce(-own.gross_ore, -round_div(noted.gross_ore::HUGEINT * n.amount_refunded, noted.gross)) AS receivable_ore,
        NULL::DATE AS settled_day
    FROM ledger.movements m
    JOIN stripe.refunds r ON r.id = m.source
    LEFT JOIN ledger.credits own ON own.credit_id = r.id
    LEFT JOIN stripe.credit_note_refunds n ON n.refund = r.id
    LEFT JOIN ledger.credits noted ON noted.credit_id = n.credit_note AND noted.gross > 0
    WHERE m.treatment = 'refund'
),
failed AS (
    -- A pending payment that failed later: the sale stands, its receivable is open again, in the payment's proportions.
    SELECT
        CASE WHEN count(*) OVER (PARTITION BY m.id) = 1 THEN m.id ELSE m.id || ':' || p.sale_id END,
        m.id, m.day, 'payment_failed', p.sale_id, NULL, m.charge, p.same_currency,
        -p.clearing_amount, -p.clearing_ore, -p.receivable_ore, NULL
    FROM ledger.movements m
    JOIN paid p ON p.charge = m.charge
    WHERE m.treatment = 'payment_failed'
)
SELECT * FROM paid UNION ALL SELECT * FROM refunded UNION ALL SELECT * FROM failed;
