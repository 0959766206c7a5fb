-- Prices, active or not, in minor units.
CREATE TABLE IF NOT EXISTS stripe.prices (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    product VARCHAR,
    currency VARCHAR NOT NULL,
    unit_amount BIGINT,
    tax_behavior VARCHAR,
    recurring_interval VARCHAR,
    active BOOLEAN,
    metadata JSON
);

DELETE FROM stripe.prices WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.prices BY NAME
SELECT
    id, created, r.product, upper(r.currency) AS currency, r.unit_amount::BIGINT AS unit_amount, r.tax_behavior,
    r.recurring.interval AS recurring_interval, r.active::BOOLEAN AS active, r.metadata
FROM (
    SELECT id, created, json_transform(raw, '{
        "product": "VARCHAR", "currency": "VARCHAR", "unit_amount": "VARCHAR", "tax_behavior": "VARCHAR",
        "recurring": {"interval": "VARCHAR"}, "active": "VARCHAR", "metadata": "JSON"
    }') AS r
    FROM changed
);
