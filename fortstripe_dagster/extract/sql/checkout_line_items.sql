-- What was bought in each Checkout session, in its order. Stripe sends the first ten with it; longer lists beside it.
CREATE TABLE IF NOT EXISTS stripe.checkout_line_items (
    id VARCHAR NOT NULL,
    session VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    description VARCHAR,
    quantity BIGINT,
    price VARCHAR,
    product VARCHAR,
    price_metadata JSON,
    currency VARCHAR,
    amount_subtotal BIGINT NOT NULL,  -- before discount and tax
    amount_discount BIGINT NOT NULL,
    amount_tax BIGINT NOT NULL,
    amount_total BIGINT NOT NULL,  -- after discount, tax included
    tax_rate VARCHAR,
    tax_percentage DECIMAL(9, 4),
    tax_inclusive BOOLEAN,
    taxability_reason VARCHAR,
    taxes JSON
);

DELETE FROM stripe.checkout_line_items WHERE session IN (SELECT id FROM changed);

INSERT INTO stripe.checkout_line_items BY NAME
SELECT
    r.id, session, position::INTEGER AS position, r.description, r.quantity::BIGINT AS quantity,
    r.price.id AS price, r.price.product AS product, r.price.metadata AS price_metadata,
    upper(r.currency) AS currency, r.amount_subtotal::BIGINT AS amount_subtotal,
    coalesce(r.amount_discount::BIGINT, 0) AS amount_discount, coalesce(r.amount_tax::BIGINT, 0) AS amount_tax,
    r.amount_total::BIGINT AS amount_total, r.taxes[1].rate.id AS tax_rate,
    r.taxes[1].rate.percentage::DECIMAL(9, 4) AS tax_percentage,
    r.taxes[1].rate.inclusive::BOOLEAN AS tax_inclusive, r.taxes[1].taxability_reason AS taxability_reason,
    line -> '$.taxes' AS taxes
FROM (
    SELECT session, position, line, json_transform(line, '{
        "id": "VARCHAR", "description": "VARCHAR", "quantity": "VARCHAR", "currency": "VARCHAR",
        "amount_subtotal": "VARCHAR", "amount_discount": "VARCHAR", "amount_tax": "VARCHAR",
        "amount_total": "VARCHAR", "price": {"id": "VARCHAR", "product": "VARCHAR", "metadata": "JSON"},
        "taxes": [{"taxability_reason": "VARCHAR",
                   "rate": {"id": "VARCHAR", "percentage": "VARCHAR", "inclusive": "VARCHAR"}}]
    }') AS r
    FROM (
        SELECT
            s.id AS session,
            CASE WHEN s.raw ->> '$.line_items.has_more' = 'false' THEN s.raw -> '$.line_items'
                 ELSE coalesce(whole.raw, s.raw -> '$.line_items') END AS lines
        FROM changed AS s
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'checkout_line_items' AND whole.id = s.id
    ), unnest(json_extract(lines, '$.data[*]')) WITH ORDINALITY AS item(line, position)
);
