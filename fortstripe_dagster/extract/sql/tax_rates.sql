-- Tax rates, active or not, per cent.
CREATE TABLE IF NOT EXISTS stripe.tax_rates (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    percentage DECIMAL(9, 4) NOT NULL,
    inclusive BOOLEAN NOT NULL,
    country VARCHAR,
    jurisdiction VARCHAR,
    tax_type VARCHAR,
    display_name VARCHAR,
    active BOOLEAN
);

DELETE FROM stripe.tax_rates WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.tax_rates BY NAME
SELECT
    id, created, r.percentage::DECIMAL(9, 4) AS percentage, r.inclusive::BOOLEAN AS inclusive, r.country,
    r.jurisdiction, r.tax_type, r.display_name, r.active::BOOLEAN AS active
FROM (
    SELECT id, created, json_transform(raw, '{
        "percentage": "VARCHAR", "inclusive": "VARCHAR", "country": "VARCHAR", "jurisdiction": "VARCHAR",
        "tax_type": "VARCHAR", "display_name": "VARCHAR", "active": "VARCHAR"
    }') AS r
    FROM changed
);
