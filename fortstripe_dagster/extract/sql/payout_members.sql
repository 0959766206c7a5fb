-- The balance transactions that an automatic, reconciled payout pays out; not the payout's own.
CREATE TABLE IF NOT EXISTS stripe.payout_members (
    payout VARCHAR NOT NULL,
    balance_transaction VARCHAR NOT NULL
);

DELETE FROM stripe.payout_members WHERE payout IN (SELECT id FROM changed);

INSERT INTO stripe.payout_members BY NAME
SELECT payout, r.id AS balance_transaction
FROM (
    SELECT p.id AS payout, p.raw ->> '$.balance_transaction' AS own, unnest(json_transform(members.raw, '{
        "data": [{"id": "VARCHAR", "type": "VARCHAR", "source": "VARCHAR"}]
    }').data) AS r
    FROM changed AS p
    JOIN stripe.raw_objects AS members ON members.stream = 'payout_members' AND members.id = p.id
)
WHERE r.id IS DISTINCT FROM own AND NOT (r.type = 'payout' AND r.source IS NOT DISTINCT FROM payout);
