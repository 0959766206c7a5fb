-- Balance transactions with one counter account: disputes, payouts, top-ups, failed refunds, and what nobody knows yet.
-- The clearing line is the transaction's gross; its fee is an entry of its own.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT m.id AS entry_id, m.day, m.treatment AS kind, m.source, m.id AS balance_transaction, m.charge,
           m.currency AS settlement, coalesce(m.description, m.type) AS text, m.currency, m.amount_ore, m.amount,
           CASE
               WHEN m.treatment IN ('dispute', 'dispute_won') THEN account('disputed')
               WHEN m.treatment IN ('refund_failed', 'capture_reversal') THEN account('customer_debt')
               WHEN m.treatment IN ('payout', 'payout_failed', 'topup', 'topup_reversed')
                   THEN account('transit:' || m.currency)
               ELSE account('suspense')
           END AS counter
    FROM ledger.movements m
    WHERE m.treatment <> 'fee' AND m.amount <> 0
      AND m.id NOT IN (SELECT balance_transaction FROM ledger.payments)
)
SELECT e.* EXCLUDE (amount_ore, amount, counter), l.*
FROM entry e,
LATERAL (VALUES (1, account('clearing:' || e.settlement), e.amount_ore, e.amount),
                (2, e.counter, -e.amount_ore, -e.amount)) AS l(line_no, account, ore, amount);
