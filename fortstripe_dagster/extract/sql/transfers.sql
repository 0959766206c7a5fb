-- Money sent to connected accounts, in minor units; fetched where a balance transaction refers to one.
CREATE TABLE IF NOT EXISTS stripe.transfers (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    amount_reversed BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    destination VARCHAR,
    source_transaction VARCHAR,
    balance_transaction VARCHAR,
    description VARCHAR,
    metadata JSON
);

DELETE FROM stripe.transfers WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.transfers BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount,
    coalesce(r.amount_reversed::BIGINT, 0) AS amount_reversed, upper(r.currency) AS currency, r.destination,
    r.source_transaction, r.balance_transaction, r.description, r.metadata
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "amount_reversed": "VARCHAR", "currency": "VARCHAR", "destination": "VARCHAR",
        "source_transaction": "VARCHAR", "balance_transaction": "VARCHAR", "description": "VARCHAR",
        "metadata": "JSON"
    }') AS r
    FROM changed
);
