-- What each day moved on each account that month ends value: all that they need of the postings of all families.
CREATE OR REPLACE TABLE ledger.foreign_moves AS
SELECT p.day, p.currency, p.account, sum(p.ore)::BIGINT AS ore, coalesce(sum(p.amount), 0)::BIGINT AS amount
FROM ledger.postings p
SEMI JOIN ledger.foreign_accounts s ON s.account = p.account AND coalesce(s.currency, p.currency) = p.currency
WHERE p.currency <> 'SEK'
GROUP BY p.day, p.currency, p.account
HAVING sum(p.ore) <> 0 OR sum(p.amount) <> 0;
