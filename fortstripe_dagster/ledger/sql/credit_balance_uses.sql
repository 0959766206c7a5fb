-- What a customer's credit balance in a foreign currency stands at in the books, öre, where an invoice uses a part of it or
-- somebody takes a part away: the average of what is there, so that with the last cent the last öre is gone. What no book
-- here had given stands at the rate of what uses it.
-- Nothing without: ledger.settlements WHERE currency <> 'SEK' or stripe.customer_balance_transactions WHERE currency <> 'SEK'
CREATE OR REPLACE TABLE ledger.credit_balance_uses AS
WITH RECURSIVE returned AS (
    -- What a void gave back was never used: both go at the invoice's own rate.
    SELECT sale_id FROM ledger.settlements WHERE kind = 'credit_balance' AND credit_id IS NOT NULL
),
charged AS (
    SELECT charge, sale_id, amount, sum(amount) OVER (PARTITION BY charge) AS whole
    FROM ledger.charge_sales
    WHERE amount > 0 AND charge IN (SELECT charge FROM ledger.payments WHERE credit_ore <> 0)
),
moves AS (
    SELECT t.entry_id, i.customer, t.currency, t.day, -t.amount AS amount, -t.ore AS ore
    FROM ledger.settlements t
    JOIN stripe.invoices i ON i.id = t.sale_id
    WHERE t.kind IN ('credit_balance', 'credit_to_balance') AND t.sale_id NOT IN (SELECT sale_id FROM returned)
    UNION ALL
    SELECT p.entry_id, i.customer, i.currency, p.day,
           sign(p.credit_ore)::BIGINT
               * (s.amount - abs(p.settles) + round_div(greatest(c.amount_captured - s.whole, 0)::HUGEINT * s.amount, s.whole)),
           p.credit_ore
    FROM ledger.payments p
    JOIN charged s ON s.charge = p.charge AND s.sale_id = p.sale_id
    JOIN stripe.charges c ON c.id = p.charge
    JOIN stripe.invoices i ON i.id = p.sale_id
    WHERE p.credit_ore <> 0
    UNION ALL
    SELECT s.sale_id, i.customer, s.currency, s.event_day, -s.gross, -s.gross_ore
    FROM ledger.sales s
    JOIN stripe.invoices i ON i.id = s.sale_id
    WHERE s.gross < 0 AND NOT s.before_start
    UNION ALL
    SELECT t.id, t.customer, t.currency, t.day, -t.amount, -to_ore(t.amount, t.currency, e.sek_per_unit)
    FROM stripe.customer_balance_transactions t
    JOIN ledger.exchange_rates e ON e.currency = t.currency AND e.day = t.day
    WHERE t.type NOT IN ('applied_to_invoice', 'unapplied_from_invoice', 'invoice_overpaid', 'invoice_too_small',
                         'invoice_too_large', 'credit_note')
),
numbered AS (
    SELECT m.*, row_number() OVER (PARTITION BY customer, currency ORDER BY day, amount < 0, entry_id) AS nth
    FROM moves m
    JOIN ledger.covered_days USING (day)
    WHERE m.currency <> 'SEK' AND m.amount <> 0
),
standing AS (
    SELECT DISTINCT customer, currency, 0::BIGINT AS nth, NULL::VARCHAR AS entry_id, 0::HUGEINT AS amount, 0::HUGEINT AS ore,
           NULL::HUGEINT AS taken
    FROM numbered
    UNION ALL
    SELECT n.customer, n.currency, n.nth, n.entry_id, greatest(s.amount + n.amount, 0),
           CASE WHEN n.amount > 0 THEN s.ore + n.ore
                WHEN -n.amount >= s.amount THEN 0
                ELSE s.ore - round_div(s.ore * -n.amount, s.amount) END,
           CASE WHEN n.amount > 0 THEN NULL
                WHEN -n.amount >= s.amount THEN s.ore + round_div(-n.ore::HUGEINT * (-n.amount - s.amount), -n.amount)
                ELSE round_div(s.ore * -n.amount, s.amount) END
    FROM standing s
    JOIN numbered n ON n.customer = s.customer AND n.currency = s.currency AND n.nth = s.nth + 1
)
SELECT entry_id, taken::BIGINT AS ore FROM standing WHERE taken IS NOT NULL;
