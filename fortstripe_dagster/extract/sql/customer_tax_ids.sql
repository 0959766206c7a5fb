-- Customers' tax ids as they are now; an invoice carries those of its own day.
CREATE TABLE IF NOT EXISTS stripe.customer_tax_ids (
    id VARCHAR NOT NULL,
    customer VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    value VARCHAR,
    verification_status VARCHAR
);

DELETE FROM stripe.customer_tax_ids WHERE customer IN (SELECT id FROM changed);

INSERT INTO stripe.customer_tax_ids BY NAME
SELECT r.id, customer, r.type, r.value, r.verification.status AS verification_status
FROM (
    SELECT customer, unnest(json_transform(tax_ids, '{
        "data": [{"id": "VARCHAR", "type": "VARCHAR", "value": "VARCHAR", "verification": {"status": "VARCHAR"}}]
    }').data) AS r
    FROM (
        SELECT
            c.id AS customer,
            CASE WHEN c.raw ->> '$.tax_ids.has_more' = 'false' THEN c.raw -> '$.tax_ids'
                 ELSE coalesce(whole.raw, c.raw -> '$.tax_ids') END AS tax_ids
        FROM changed AS c
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'customer_tax_ids' AND whole.id = c.id
    )
);
