-- Fees: D fee account / K clearing, an entry for each balance transaction that carried one.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT DISTINCT f.entry_id, f.day, 'fee' AS kind, m.source, m.id AS balance_transaction, m.charge,
           f.currency AS settlement, coalesce(m.description, m.type) AS text, f.currency
    FROM ledger.fees f
    JOIN ledger.movements m ON m.id = f.balance_transaction
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('clearing:' || currency) AS account, -sum(amount_ore) AS ore,
           -sum(amount) AS amount, NULL AS treatment
    FROM ledger.fees GROUP BY entry_id, currency
    UNION ALL
    SELECT entry_id, 2, account, amount_ore, amount, class FROM ledger.fees
)
SELECT e.*, l.* EXCLUDE entry_id FROM entry e JOIN lines l USING (entry_id) WHERE l.ore <> 0;
