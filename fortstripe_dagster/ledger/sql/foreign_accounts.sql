-- The accounts that month ends value: clearing and transit in their currency, reserves in any (NULL).
CREATE OR REPLACE TABLE ledger.foreign_accounts AS
SELECT number AS account, nullif(split_part(role, ':', 2), '') AS currency
FROM ledger.account_map
WHERE starts_with(role, 'clearing:') OR role = 'reserve'
   -- Where a bank feed books the arrivals, transit is not the ledger's own to value.
   OR (starts_with(role, 'transit:') AND policy('bank_leg') = 'book');
