-- Document events on receivables: D the customer's credit balance (or where the money came in) / K receivable, and the
-- reverse for credit notes. Credit in a foreign currency goes at what it stands at (credit_balance_uses.sql): the rest is
-- exchange.
-- Nothing without: ledger.settlements
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT t.entry_id, t.day, t.kind, coalesce(t.credit_id, t.sale_id) AS source, t.sale_id, t.credit_id,
           t.currency AS settlement, t.text, t.held, t.currency, t.ore, t.amount, t.account AS counter,
           coalesce(u.ore, t.ore) AS counter_ore
    FROM ledger.settlements t
    JOIN ledger.covered_days c ON c.day = t.day
    LEFT JOIN ledger.credit_balance_uses u ON u.entry_id = t.entry_id
)
SELECT e.* EXCLUDE (ore, amount, counter, counter_ore), l.*
FROM entry e,
LATERAL (VALUES (1, e.counter, e.counter_ore, e.amount), (2, account('receivable'), -e.ore, -e.amount),
                (3, CASE WHEN e.counter_ore > e.ore THEN account('exchange_gain') ELSE account('exchange_loss') END,
                 e.ore - e.counter_ore, NULL)) AS l(line_no, account, ore, amount)
WHERE l.line_no < 3 OR l.ore <> 0;
