-- Money given back; its own day is the day it was made.
CREATE TABLE IF NOT EXISTS stripe.refunds (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    charge VARCHAR,
    payment_intent VARCHAR,
    balance_transaction VARCHAR,
    failure_balance_transaction VARCHAR,
    status VARCHAR,
    reason VARCHAR,
    failure_reason VARCHAR
);

DELETE FROM stripe.refunds WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.refunds BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.charge,
    r.payment_intent, r.balance_transaction, r.failure_balance_transaction, r.status, r.reason, r.failure_reason
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "currency": "VARCHAR", "charge": "VARCHAR", "payment_intent": "VARCHAR",
        "balance_transaction": "VARCHAR", "failure_balance_transaction": "VARCHAR", "status": "VARCHAR",
        "reason": "VARCHAR", "failure_reason": "VARCHAR"
    }') AS r
    FROM changed
);
