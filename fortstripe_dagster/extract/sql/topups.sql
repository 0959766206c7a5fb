-- Money added to the balance from the bank; fetched where a balance transaction refers to one.
CREATE TABLE IF NOT EXISTS stripe.topups (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    status VARCHAR,
    arrival_date DATE,
    balance_transaction VARCHAR
);

DELETE FROM stripe.topups WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.topups BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.status,
    utc_day(r.expected_availability_date) AS arrival_date, r.balance_transaction
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "currency": "VARCHAR", "status": "VARCHAR",
        "expected_availability_date": "VARCHAR", "balance_transaction": "VARCHAR"
    }') AS r
    FROM changed
);
