-- What a customer meant to pay, in minor units; fetched where a terminal may have taken a tip.
CREATE TABLE IF NOT EXISTS stripe.payment_intents (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    amount BIGINT NOT NULL,
    amount_received BIGINT,
    tip BIGINT NOT NULL,  -- a part of amount
    currency VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    customer VARCHAR,
    latest_charge VARCHAR
);

DELETE FROM stripe.payment_intents WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.payment_intents BY NAME
SELECT
    id, created, r.amount::BIGINT AS amount, r.amount_received::BIGINT AS amount_received,
    coalesce(r.amount_details.tip.amount::BIGINT, 0) AS tip, upper(r.currency) AS currency, r.status, r.customer,
    r.latest_charge
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "amount_received": "VARCHAR", "amount_details": {"tip": {"amount": "VARCHAR"}},
        "currency": "VARCHAR", "status": "VARCHAR", "customer": "VARCHAR", "latest_charge": "VARCHAR"
    }') AS r
    FROM changed
);
