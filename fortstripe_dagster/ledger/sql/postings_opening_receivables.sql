-- What customers owed on Stripe invoices when the books here begin, invoice by invoice: what is paid or credited later
-- meets it. Proposed or left to the books as all that stood open then (postings_opening.sql).
-- Nothing without: policy accounting_method = accrual
-- Nothing without: ledger.sales WHERE before_start
INSERT INTO ledger.postings BY NAME
WITH paid AS (
    SELECT invoice, sum(amount_paid) AS amount FROM stripe.invoice_payments
    WHERE status = 'paid' AND local_day(coalesce(paid_at, created)) < policy('start_date')::DATE
    GROUP BY invoice
),
reduced AS (
    SELECT invoice, sum(pre_payment_amount) AS amount FROM stripe.credit_notes
    WHERE status = 'issued' AND local_day(coalesce(effective_at, created)) < policy('start_date')::DATE
    GROUP BY invoice
),
owing AS (
    SELECT s.*, (s.gross - o.balance_used - coalesce(p.amount, 0) - coalesce(r.amount, 0))::BIGINT AS open
    FROM ledger.sales s
    JOIN stripe.invoices i ON i.id = s.sale_id
    JOIN ledger.owed o ON o.sale_id = s.sale_id
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
    LEFT JOIN paid p ON p.invoice = s.sale_id
    LEFT JOIN reduced r ON r.invoice = s.sale_id
    WHERE s.before_start AND s.gross > 0 AND policy('accounting_method') = 'accrual'
      AND coalesce(local_day(CASE i.status WHEN 'paid' THEN i.paid_at WHEN 'void' THEN i.voided_at END)
                       >= policy('start_date')::DATE, i.status NOT IN ('paid', 'void'))
),
entry AS (
    SELECT 'opening:' || currency || ':receivable:' || sale_id AS entry_id, policy('start_date')::DATE AS day,
           'opening_receivable' AS kind, sale_id AS source, sale_id, currency AS settlement,
           'Ingående fordran: ' || text AS text, held, currency, open AS amount,
           round_div(gross_ore::HUGEINT * open, gross) AS ore
    FROM owing WHERE open > 0
)
SELECT e.* EXCLUDE (amount, ore), l.*
FROM entry e,
LATERAL (VALUES (1, account('receivable'), e.ore, e.amount), (2, account('suspense'), -e.ore, -e.amount))
    AS l(line_no, account, ore, amount);
