-- Transfers to the bank; negative where Stripe debits it.
CREATE TABLE IF NOT EXISTS stripe.payouts (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    arrival_date DATE NOT NULL,
    automatic BOOLEAN NOT NULL,
    method VARCHAR,
    balance_transaction VARCHAR,
    failure_balance_transaction VARCHAR,
    failure_code VARCHAR,
    reconciliation_status VARCHAR,
    trace_id VARCHAR,
    description VARCHAR
);

DELETE FROM stripe.payouts WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.payouts BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.status,
    utc_day(r.arrival_date) AS arrival_date, r.automatic::BOOLEAN AS automatic, r.method, r.balance_transaction,
    r.failure_balance_transaction, r.failure_code, r.reconciliation_status, r.trace_id.value AS trace_id,
    r.description
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "currency": "VARCHAR", "status": "VARCHAR", "arrival_date": "VARCHAR",
        "automatic": "VARCHAR", "method": "VARCHAR", "balance_transaction": "VARCHAR",
        "failure_balance_transaction": "VARCHAR", "failure_code": "VARCHAR", "reconciliation_status": "VARCHAR",
        "trace_id": {"value": "VARCHAR"}, "description": "VARCHAR"
    }') AS r
    FROM changed
);
