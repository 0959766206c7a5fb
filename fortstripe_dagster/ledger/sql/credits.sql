-- What takes a sale back, wholly or in part: a refund as far as no credit note names it, a credit note, a void, a dispute
-- that was lost (where the company credits those). Amounts keep the sale's exchange and VAT rates and round cumulatively over
-- all credits of the sale, so that several parts add up to the whole. What reverses a charge over several invoices takes
-- from each its share; the largest's credit has the reversal's own id.
-- Nothing without: stripe.refunds or stripe.credit_notes or stripe.invoices WHERE status = 'void' or ledger.lost_disputes
-- Nothing without: ledger.sales
CREATE OR REPLACE TABLE ledger.credits AS
WITH noted AS (
    -- Where the sale is the payment itself, a credit note of Stripe's is of no sale.
    SELECT n.refund, sum(n.amount_refunded) AS amount
    FROM stripe.credit_note_refunds n
    JOIN stripe.credit_notes c ON c.id = n.credit_note AND c.status = 'issued'
    WHERE c.invoice NOT IN (SELECT sale_id FROM ledger.agent_invoices)
    GROUP BY n.refund
),
refund_movements AS (
    SELECT r.id, r.charge, r.amount, coalesce(n.amount, 0) AS noted, b.day, b.created, b.amount < 0 AS given
    FROM stripe.refunds r
    LEFT JOIN noted n ON n.refund = r.id
    JOIN stripe.balance_transactions b
      ON b.source = r.id AND b.type IN ('refund', 'payment_refund', 'refund_failure')
     AND b.reporting_category <> 'partial_capture_reversal'
),
sold AS (
    SELECT charge, sale_id, amount, row_number() OVER largest_first AS nth,
           sum(amount) OVER largest_first AS share_end, sum(amount) OVER (PARTITION BY charge) AS whole
    FROM ledger.charge_sales
    WHERE amount > 0
      AND (charge IN (SELECT charge FROM refund_movements) OR charge IN (SELECT charge FROM ledger.lost_disputes))
    WINDOW largest_first AS (PARTITION BY charge ORDER BY amount DESC, sale_id ROWS UNBOUNDED PRECEDING)
),
given AS (
    -- A refund that failed leaves a debt to the customer; the next refund of that charge pays the debt first and is no
    -- new credit. So the credit reaches as far as refunds, less those that had failed by then, ever reached. What credit
    -- notes say of that they credit themselves.
    SELECT *, coalesce(max(greatest(standing, 0)) OVER upto, 0) - coalesce(max(greatest(standing, 0)) OVER before, 0) AS more,
           greatest(more - noted, 0)::BIGINT AS alone
    FROM (
        SELECT *, sum(CASE WHEN given THEN amount ELSE -amount END)
                      OVER (PARTITION BY charge ORDER BY created, NOT given, id ROWS UNBOUNDED PRECEDING) AS standing
        FROM refund_movements
    )
    WHERE given
    WINDOW upto AS (PARTITION BY charge ORDER BY created, id ROWS UNBOUNDED PRECEDING),
           before AS (PARTITION BY charge ORDER BY created, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
taken AS (
    SELECT *, sum(alone) OVER (PARTITION BY charge ORDER BY created, id ROWS UNBOUNDED PRECEDING) AS reached,
           reached - alone AS reached_before
    FROM given
),
found AS (
    SELECT CASE m.nth WHEN 1 THEN r.id ELSE r.id || ':' || m.sale_id END AS credit_id, 'refund' AS kind, r.id AS reversal,
           m.sale_id, r.charge, r.day AS event_day, r.created AS ordered_by,
           share(r.reached, m.share_end - m.amount, m.share_end, m.whole)
               - share(r.reached_before, m.share_end - m.amount, m.share_end, m.whole) AS amount,
           'Återbetalning' AS text
    FROM taken r
    JOIN sold m ON m.charge = r.charge
    WHERE r.amount > r.noted
    UNION ALL
    SELECT n.id, 'credit_note', NULL, n.invoice, NULL, local_day(coalesce(n.effective_at, n.created)),
           coalesce(n.effective_at, n.created),
           -- Under the cash method what was never paid was never booked, so there is nothing to take back.
           n.total - CASE policy('accounting_method') WHEN 'cash' THEN coalesce(n.pre_payment_amount, 0) ELSE 0 END,
           'Kreditnota ' || coalesce(n.number, n.id)
    FROM stripe.credit_notes n
    WHERE n.status = 'issued' AND n.total > 0
    UNION ALL
    SELECT i.id || ':void', 'void', NULL, i.id, NULL, local_day(i.voided_at), i.voided_at,
           i.total - coalesce((SELECT sum(n.total) FROM stripe.credit_notes n
                               WHERE n.invoice = i.id AND n.status = 'issued'), 0),
           'Makulerad faktura ' || coalesce(i.number, i.id)
    FROM stripe.invoices i
    WHERE i.status = 'void' AND i.voided_at IS NOT NULL AND policy('accounting_method') = 'accrual'
    UNION ALL
    SELECT CASE m.nth WHEN 1 THEN l.dispute ELSE l.dispute || ':' || m.sale_id END, 'dispute', l.dispute, m.sale_id, l.charge,
           l.event_day, l.lost_at,
           share(l.amount, m.share_end - m.amount, m.share_end, m.whole),
           'Förlorad tvist'
    FROM ledger.lost_disputes l
    JOIN sold m ON m.charge = l.charge
    WHERE l.treatment = 'credit'
),
running AS (
    SELECT
        -- What is not yet a sale cannot be taken back: where invoices are sales when paid, its note may come before.
        f.* REPLACE (CASE f.kind WHEN 'credit_note' THEN greatest(f.event_day, s.event_day) ELSE f.event_day END AS event_day),
        s.currency, s.gross AS sale_gross, s.gross_ore AS sale_ore, s.before_start, coalesce(s.held, l.lacking) AS held,
        sum(f.amount) OVER (PARTITION BY f.sale_id ORDER BY f.ordered_by, f.credit_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM found f
    JOIN ledger.sales s ON s.sale_id = f.sale_id
    LEFT JOIN (SELECT credit_id, min(lacking) AS lacking FROM ledger.free_credit_lines GROUP BY credit_id) l
        ON l.credit_id = f.credit_id
    WHERE f.amount > 0 OR f.kind = 'refund'
)
SELECT
    credit_id, kind, reversal, sale_id, charge, event_day, ordered_by, currency, text, before_start, held,
    -- More than the whole sale cannot be credited: a refund of a disputed charge, say. The rest is a finding.
    least(amount, greatest(sale_gross - (upto - amount), 0)) AS gross,
    greatest(upto - greatest(sale_gross, upto - amount), 0) AS excess,
    round_div(sale_ore::HUGEINT * least(upto, sale_gross), sale_gross) AS credited_after,
    round_div(sale_ore::HUGEINT * least(upto - amount, sale_gross), sale_gross) AS credited_before,
    credited_after - credited_before AS gross_ore
FROM running;
