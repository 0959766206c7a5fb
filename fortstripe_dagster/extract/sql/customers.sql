-- Customers as they are now; what was frozen on an invoice stands on the invoice.
CREATE TABLE IF NOT EXISTS stripe.customers (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ,
    name VARCHAR,
    email VARCHAR,
    phone VARCHAR,
    country VARCHAR,
    line1 VARCHAR,
    line2 VARCHAR,
    city VARCHAR,
    postal_code VARCHAR,
    tax_exempt VARCHAR,
    balance BIGINT,  -- what the customer owes the merchant outside invoices; negative is credit, minor units
    deleted BOOLEAN NOT NULL,
    description VARCHAR,
    metadata JSON
);

DELETE FROM stripe.customers WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.customers BY NAME
SELECT
    id, created, r.name, r.email, r.phone, r.address.country AS country, r.address.line1 AS line1,
    r.address.line2 AS line2, r.address.city AS city, r.address.postal_code AS postal_code, r.tax_exempt,
    r.balance::BIGINT AS balance, coalesce(r.deleted::BOOLEAN, false) AS deleted, r.description, r.metadata
FROM (
    SELECT id, created, json_transform(raw, '{
        "name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
        "address": {
            "country": "VARCHAR", "line1": "VARCHAR", "line2": "VARCHAR", "city": "VARCHAR", "postal_code": "VARCHAR"
        },
        "tax_exempt": "VARCHAR", "balance": "VARCHAR", "deleted": "VARCHAR", "description": "VARCHAR",
        "metadata": "JSON"
    }') AS r
    FROM changed
);
