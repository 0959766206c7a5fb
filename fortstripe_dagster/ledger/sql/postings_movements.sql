-- Balance transactions with one counter account: disputes, payouts, top-ups, reserves, failed refunds, sellers' money,
-- and what nobody knows yet. The clearing line is the transaction's gross; its fee is an entry of its own.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT m.id AS entry_id, m.day, m.treatment AS kind, m.source, m.id AS balance_transaction, m.charge,
           m.currency AS settlement, coalesce(m.description, m.type) AS text, m.held, m.currency, m.amount_ore, m.amount,
           m.counter
    FROM ledger.movements m
    WHERE m.treatment <> 'fee' AND m.amount <> 0
      AND NOT (m.treatment IN ('commission', 'commission_refund') AND m.held IS NULL)
      AND m.id NOT IN (SELECT balance_transaction FROM ledger.payments)
)
SELECT e.* EXCLUDE (amount_ore, amount, counter), l.*
FROM entry e,
LATERAL (VALUES (1, account('clearing:' || e.settlement), e.amount_ore, e.amount),
                (2, e.counter, -e.amount_ore, -e.amount)) AS l(line_no, account, ore, amount);
