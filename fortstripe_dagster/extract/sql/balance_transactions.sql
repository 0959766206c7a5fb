-- Movements on the Stripe balance, in minor units of the settlement currency. Immutable but for their status.
CREATE TABLE IF NOT EXISTS stripe.balance_transactions (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    type VARCHAR NOT NULL,
    reporting_category VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    amount BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    net BIGINT NOT NULL,
    exchange_rate DECIMAL(24, 12),
    source VARCHAR,
    description VARCHAR,
    status VARCHAR,
    available_on TIMESTAMPTZ,
    fee_details JSON NOT NULL
);

DELETE FROM stripe.balance_transactions WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.balance_transactions BY NAME
SELECT
    id, created, local_day(created) AS day, r.type, r.reporting_category, r.balance_type,
    upper(r.currency) AS currency, r.amount::BIGINT AS amount, r.fee::BIGINT AS fee, r.net::BIGINT AS net,
    r.exchange_rate::DECIMAL(24, 12) AS exchange_rate, r.source, r.description, r.status,
    moment(r.available_on) AS available_on, r.fee_details
FROM (
    SELECT id, created, json_transform(raw, '{
        "type": "VARCHAR", "reporting_category": "VARCHAR", "balance_type": "VARCHAR", "currency": "VARCHAR",
        "amount": "VARCHAR", "fee": "VARCHAR", "net": "VARCHAR", "exchange_rate": "VARCHAR",
        "source": "VARCHAR", "description": "VARCHAR", "status": "VARCHAR", "available_on": "VARCHAR",
        "fee_details": "JSON"
    }') AS r
    FROM changed
);
