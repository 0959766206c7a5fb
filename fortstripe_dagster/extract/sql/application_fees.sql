-- What a platform earned on connected accounts, in minor units; fetched where a balance transaction refers to one.
CREATE TABLE IF NOT EXISTS stripe.application_fees (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    amount_refunded BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    account VARCHAR,
    charge VARCHAR,
    balance_transaction VARCHAR
);

DELETE FROM stripe.application_fees WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.application_fees BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount,
    coalesce(r.amount_refunded::BIGINT, 0) AS amount_refunded, upper(r.currency) AS currency, r.account, r.charge,
    r.balance_transaction
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "amount_refunded": "VARCHAR", "currency": "VARCHAR", "account": "VARCHAR",
        "charge": "VARCHAR", "balance_transaction": "VARCHAR"
    }') AS r
    FROM changed
);
