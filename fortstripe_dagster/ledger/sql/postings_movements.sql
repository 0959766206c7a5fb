-- Balance transactions with one counter account: disputes, payouts, top-ups, reserves, failed refunds, sellers' money,
-- and what nobody knows yet. The clearing line is the transaction's gross; its fee is an entry of its own.
-- Nothing without: ledger.movements
INSERT INTO ledger.postings BY NAME
WITH gone AS (
    SELECT source, currency, -amount AS amount, -amount_ore AS ore
    FROM ledger.movements WHERE treatment IN ('dispute', 'payout', 'topup')
    UNION ALL
    -- What had left when the books began.
    SELECT source, currency, amount, ore FROM ledger.opening_claims WHERE kind IN ('dispute', 'payout')
),
out AS (
    SELECT source, currency, sum(amount)::BIGINT AS amount, sum(ore)::BIGINT AS ore FROM gone GROUP BY ALL
),
back AS (
    -- What comes back at another rate than it left at leaves nothing on the account it stood on: the rest is exchange.
    SELECT w.id, o.ore
    FROM ledger.movements w
    JOIN out o ON o.source = w.source AND o.currency = w.currency
    LEFT JOIN stripe.disputes d ON d.id = w.source AND d.status = 'won'
    WHERE CASE WHEN w.treatment IN ('payout_failed', 'topup_reversed') THEN o.amount = w.amount
               WHEN w.treatment <> 'dispute_won' OR d.id IS NULL THEN false
               WHEN w.currency = 'SEK' THEN d.currency <> 'SEK'
               ELSE o.amount = w.amount END
    QUALIFY count(*) OVER (PARTITION BY w.source) = 1
),
entry AS (
    SELECT m.id AS entry_id, m.day, m.treatment AS kind, m.source, m.id AS balance_transaction, m.charge,
           m.currency AS settlement, coalesce(m.description, m.type) AS text, m.held, m.currency, m.amount_ore, m.amount,
           m.counter, coalesce(k.ore, m.amount_ore) AS counter_ore
    FROM ledger.movements m
    LEFT JOIN back k ON k.id = m.id
    WHERE m.treatment <> 'fee' AND m.amount <> 0
      AND NOT (m.treatment IN ('commission', 'commission_refund') AND m.held IS NULL)
      AND m.id NOT IN (SELECT balance_transaction FROM ledger.payments)
)
SELECT e.* EXCLUDE (amount_ore, amount, counter, counter_ore), l.*
FROM entry e,
LATERAL (VALUES (1, account('clearing:' || e.settlement), e.amount_ore, e.amount),
                (2, e.counter, -e.counter_ore, -e.amount),
                (3, CASE WHEN e.amount_ore > e.counter_ore THEN account('exchange_gain') ELSE account('exchange_loss') END,
                 e.counter_ore - e.amount_ore, NULL)) AS l(line_no, account, ore, amount)
WHERE l.line_no < 3 OR l.ore <> 0;
