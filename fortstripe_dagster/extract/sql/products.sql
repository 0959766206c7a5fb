-- What is sold, active or not.
CREATE TABLE IF NOT EXISTS stripe.products (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    name VARCHAR,
    description VARCHAR,
    active BOOLEAN,
    tax_code VARCHAR,
    metadata JSON
);

DELETE FROM stripe.products WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.products BY NAME
SELECT
    id, created, r.name, r.description, r.active::BOOLEAN AS active, r.tax_code, r.metadata
FROM (
    SELECT id, created, json_transform(raw, '{
        "name": "VARCHAR", "description": "VARCHAR", "active": "VARCHAR", "tax_code": "VARCHAR",
        "metadata": "JSON"
    }') AS r
    FROM changed
);
