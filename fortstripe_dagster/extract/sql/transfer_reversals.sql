-- Transfers taken back, in minor units. Stripe sends ten with the transfer; longer lists are stored beside it.
CREATE TABLE IF NOT EXISTS stripe.transfer_reversals (
    id VARCHAR NOT NULL,
    transfer VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    balance_transaction VARCHAR
);

DELETE FROM stripe.transfer_reversals WHERE transfer IN (SELECT id FROM changed);

INSERT INTO stripe.transfer_reversals BY NAME
SELECT
    r.id, transfer, moment(r.created) AS created, local_day(moment(r.created)) AS day, r.amount::BIGINT AS amount,
    upper(r.currency) AS currency, r.balance_transaction
FROM (
    SELECT transfer, unnest(json_transform(reversals, '{
        "data": [{
            "id": "VARCHAR", "created": "VARCHAR", "amount": "VARCHAR", "currency": "VARCHAR",
            "balance_transaction": "VARCHAR"
        }]
    }').data) AS r
    FROM (
        SELECT
            t.id AS transfer,
            CASE WHEN t.raw ->> '$.reversals.has_more' = 'false' THEN t.raw -> '$.reversals'
                 ELSE coalesce(whole.raw, t.raw -> '$.reversals') END AS reversals
        FROM changed AS t
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'transfer_reversals' AND whole.id = t.id
    )
);
