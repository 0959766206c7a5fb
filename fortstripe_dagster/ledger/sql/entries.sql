-- One row for each entry: the contract with delivery and proof. `held` says why it must not be delivered yet, `alert` what
-- a person should look at although it is booked.
CREATE OR REPLACE TABLE ledger.entries AS
WITH alerts AS (SELECT id, any_value(alert) AS alert FROM ledger.movements WHERE alert IS NOT NULL GROUP BY id)
SELECT
    p.entry_id,
    p.day AS event_day,
    p.kind,
    p.source,
    p.balance_transaction,
    p.charge,
    p.sale_id,
    p.credit_id,
    p.settlement,
    p.text,
    p.held,
    a.alert,
    policy('rule_version') AS rule_version
FROM (SELECT DISTINCT entry_id, day, kind, source, balance_transaction, charge, sale_id, credit_id, settlement, text, held
      FROM ledger.postings) p
LEFT JOIN alerts a ON a.id = p.entry_id
ORDER BY p.day, p.entry_id;
