-- Application fees given back, in minor units. Stripe sends ten with the fee; longer lists are stored beside it.
CREATE TABLE IF NOT EXISTS stripe.application_fee_refunds (
    id VARCHAR NOT NULL,
    application_fee VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    balance_transaction VARCHAR
);

DELETE FROM stripe.application_fee_refunds WHERE application_fee IN (SELECT id FROM changed);

INSERT INTO stripe.application_fee_refunds BY NAME
SELECT
    r.id, application_fee, moment(r.created) AS created, local_day(moment(r.created)) AS day,
    r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.balance_transaction
FROM (
    SELECT application_fee, unnest(json_transform(refunds, '{
        "data": [{
            "id": "VARCHAR", "created": "VARCHAR", "amount": "VARCHAR", "currency": "VARCHAR",
            "balance_transaction": "VARCHAR"
        }]
    }').data) AS r
    FROM (
        SELECT
            f.id AS application_fee,
            CASE WHEN f.raw ->> '$.refunds.has_more' = 'false' THEN f.raw -> '$.refunds'
                 ELSE coalesce(whole.raw, f.raw -> '$.refunds') END AS refunds
        FROM changed AS f
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'application_fee_refunds' AND whole.id = f.id
    )
);
