-- What each day moved on each account in a foreign currency: all that month ends need of the postings of all families.
CREATE OR REPLACE TABLE ledger.foreign_moves AS
SELECT day, currency, account, sum(ore)::BIGINT AS ore, coalesce(sum(amount), 0)::BIGINT AS amount
FROM ledger.postings
WHERE currency <> 'SEK'
GROUP BY day, currency, account
HAVING sum(ore) <> 0 OR sum(amount) <> 0;
