-- What settles a Stripe invoice or a credit note without moving Stripe's balance: the customer's credit balance, money that
-- Stripe never saw. Amounts in the sale's currency, positive where the receivable falls; öre at the sale's own rate.
-- Nothing without: ledger.owed or stripe.invoice_payments or stripe.credit_notes
-- Nothing without: ledger.sales
CREATE OR REPLACE TABLE ledger.settlements AS
WITH of_invoices AS (
    SELECT o.sale_id || ':credit_balance' AS entry_id, 'credit_balance' AS kind, o.sale_id, NULL AS credit_id,
           s.event_day AS day, o.balance_used AS amount, 'customer_credit' AS role,
           'Tillgodohavande använt på ' || s.text AS text
    FROM ledger.owed o JOIN ledger.sales s ON s.sale_id = o.sale_id
    -- What a negative invoice gives the customer, its sale says itself.
    WHERE s.gross >= 0
    UNION ALL
    SELECT o.sale_id || ':credit_balance_returned', 'credit_balance', o.sale_id, i.id || ':void', local_day(i.voided_at),
           -o.balance_used, 'customer_credit', 'Tillgodohavande åter från ' || s.text
    FROM ledger.owed o
    JOIN ledger.sales s ON s.sale_id = o.sale_id
    JOIN stripe.invoices i ON i.id = o.sale_id AND i.status = 'void' AND i.voided_at IS NOT NULL
    UNION ALL
    SELECT p.id, 'paid_outside', p.invoice, NULL, greatest(local_day(coalesce(p.paid_at, p.created)), s.event_day),
           p.amount_paid, 'paid_outside_stripe', 'Betald utanför Stripe: ' || s.text
    FROM stripe.invoice_payments p
    JOIN ledger.sales s ON s.sale_id = p.invoice
    WHERE p.status = 'paid' AND p.payment_intent IS NULL AND p.charge IS NULL
    UNION ALL
    SELECT o.sale_id || ':paid_outside', 'paid_outside', o.sale_id, NULL,
           greatest(local_day(coalesce(i.paid_at, i.finalized_at)), s.event_day), o.outside_without_payment,
           'paid_outside_stripe', 'Betald utanför Stripe: ' || s.text
    FROM ledger.owed o
    JOIN ledger.sales s ON s.sale_id = o.sale_id AND s.gross > 0
    JOIN stripe.invoices i ON i.id = o.sale_id
),
of_credits AS (
    SELECT n.*, k.sale_id, k.event_day, k.text,
           n.total - coalesce(n.pre_payment_amount, 0) - coalesce(n.out_of_band_amount, 0)
           - coalesce((SELECT sum(r.amount_refunded) FROM stripe.credit_note_refunds r WHERE r.credit_note = n.id), 0)
               AS to_balance
    FROM stripe.credit_notes n
    JOIN ledger.credits k ON k.credit_id = n.id
),
everything AS (
    SELECT * FROM of_invoices
    UNION ALL
    SELECT id || ':to_balance', 'credit_to_balance', sale_id, id, event_day, -to_balance, 'customer_credit',
           text || ': till kundens tillgodohavande'
    FROM of_credits WHERE customer_balance_transaction IS NOT NULL
    UNION ALL
    SELECT id || ':outside', 'credit_outside', sale_id, id, event_day, -out_of_band_amount, 'paid_outside_stripe',
           text || ': återbetald utanför Stripe'
    FROM of_credits
)
SELECT
    e.entry_id, e.kind, e.sale_id, e.credit_id, e.day, e.amount, s.currency, e.text,
    sign(e.amount)::BIGINT * round_div(s.gross_ore::HUGEINT * abs(e.amount), s.gross) AS ore,
    coalesce(account(e.role), account('suspense')) AS account,
    coalesce(s.held, CASE WHEN account(e.role) IS NULL
                          THEN 'paid outside Stripe: register the payment in Fortnox, or choose accounts.' || e.role
                               || ' in fortstripe.toml' END) AS held
FROM everything e
JOIN ledger.sales s ON s.sale_id = e.sale_id
WHERE e.amount <> 0;
