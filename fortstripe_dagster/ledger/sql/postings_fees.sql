-- Fees: D fee account / K clearing, an entry for each balance transaction that carried one.
-- Nothing without: ledger.fees
INSERT INTO ledger.postings BY NAME
WITH totals AS (
    SELECT entry_id, balance_transaction, sum(amount_ore) AS ore, sum(amount) AS amount
    FROM ledger.fees GROUP BY entry_id, balance_transaction
),
entry AS (
    SELECT t.entry_id, m.day, 'fee' AS kind, m.source, m.id AS balance_transaction, m.charge, m.currency AS settlement,
           coalesce(m.description, m.type) AS text, m.currency, t.ore, t.amount
    FROM totals t
    JOIN ledger.movements m ON m.id = t.balance_transaction
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('clearing:' || currency) AS account, -ore AS ore, -amount AS amount,
           NULL AS treatment
    FROM entry
    UNION ALL
    SELECT entry_id, 2, account, amount_ore, amount, class FROM ledger.fees
)
SELECT e.* EXCLUDE (ore, amount), l.* EXCLUDE entry_id FROM entry e JOIN lines l USING (entry_id) WHERE l.ore <> 0;
