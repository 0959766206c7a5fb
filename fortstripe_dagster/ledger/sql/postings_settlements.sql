-- Document events on receivables: D the customer's credit balance (or where the money came in) / K receivable, and the
-- reverse for credit notes.
-- Nothing without: ledger.settlements
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT t.entry_id, t.day, t.kind, coalesce(t.credit_id, t.sale_id) AS source, t.sale_id, t.credit_id,
           t.currency AS settlement, t.text, t.held, t.currency, t.ore, t.amount, t.account AS counter
    FROM ledger.settlements t
    JOIN ledger.covered_days c ON c.day = t.day
)
SELECT e.* EXCLUDE (ore, amount, counter), l.*
FROM entry e,
LATERAL (VALUES (1, e.counter, e.ore, e.amount), (2, account('receivable'), -e.ore, -e.amount))
    AS l(line_no, account, ore, amount);
