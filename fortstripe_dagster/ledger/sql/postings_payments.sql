-- Money on receivables: D clearing / K receivable for a payment, the reverse for a refund or a failed payment. A payment
-- before its invoice date is an advance (2420) until that day; so is a refund before its credit note.
-- Nothing without: ledger.payments
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT p.entry_id, p.day, p.treatment AS kind, m.source, p.balance_transaction, p.charge, p.sale_id, p.credit_id,
           m.currency AS settlement, s.text, s.held, m.currency,
           p.clearing_ore, p.clearing_amount, p.settled_day, p.same_currency, p.credit_ore, p.debt_ore,
           p.receivable_ore IS NULL AS unknown,
           coalesce(p.receivable_ore, p.clearing_ore - p.credit_ore - p.debt_ore) AS receivable_ore
    FROM ledger.payments p
    JOIN ledger.movements m ON m.id = p.balance_transaction
    LEFT JOIN ledger.sales s ON s.sale_id = p.sale_id
),
lines AS (
    SELECT *, unnest([
        {line_no: 1, account: account('clearing:' || settlement), ore: clearing_ore, amount: clearing_amount},
        {line_no: 2,
         account: CASE WHEN unknown THEN account('suspense') WHEN settled_day IS NOT NULL THEN account('advances')
                       ELSE account('receivable') END,
         ore: -receivable_ore, amount: NULL},
        {line_no: 3, account: account('customer_credit'), ore: -credit_ore, amount: NULL},
        {line_no: 4, account: account('customer_debt'), ore: -debt_ore, amount: NULL},
        -- Within SEK nothing is left. Otherwise it is an exchange gain or loss, for Stripe's rate is not the official one.
        {line_no: 5,
         account: CASE WHEN same_currency AND settlement = 'SEK' THEN account('customer_debt')
                       WHEN receivable_ore + credit_ore + debt_ore > clearing_ore THEN account('exchange_loss')
                       ELSE account('exchange_gain') END,
         ore: receivable_ore + credit_ore + debt_ore - clearing_ore, amount: NULL}
    ], recursive := true)
    FROM entry
)
SELECT * EXCLUDE (clearing_ore, clearing_amount, settled_day, same_currency, credit_ore, debt_ore, unknown, receivable_ore)
FROM lines
WHERE ore <> 0;
