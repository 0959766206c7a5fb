-- All lines of each invoice, in its order. Stripe sends the first ten with it; longer lists are stored beside it.
CREATE TABLE IF NOT EXISTS stripe.invoice_lines (
    id VARCHAR NOT NULL,
    invoice VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    description VARCHAR,
    quantity BIGINT,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    discount_amount BIGINT NOT NULL,
    discounts STRUCT(amount VARCHAR, discount VARCHAR)[],  -- what each discount took off
    period_start TIMESTAMPTZ,
    period_end TIMESTAMPTZ,
    price VARCHAR,
    product VARCHAR,
    tax_amount BIGINT NOT NULL,
    tax_behavior VARCHAR,
    tax_rate VARCHAR,
    taxability_reason VARCHAR,
    metadata JSON
);

DELETE FROM stripe.invoice_lines WHERE invoice IN (SELECT id FROM changed);

INSERT INTO stripe.invoice_lines BY NAME
SELECT
    r.id, invoice, position::INTEGER AS position, r.description, r.quantity::BIGINT AS quantity,
    r.amount::BIGINT AS amount, upper(r.currency) AS currency,
    total(list_transform(r.discount_amounts, lambda d: d.amount)) AS discount_amount,
    r.discount_amounts AS discounts,
    moment(r.period.start) AS period_start, moment(r.period.end) AS period_end,
    r.pricing.price_details.price AS price, r.pricing.price_details.product AS product,
    total(list_transform(r.taxes, lambda t: t.amount)) AS tax_amount, r.taxes[1].tax_behavior AS tax_behavior,
    r.taxes[1].tax_rate_details.tax_rate AS tax_rate, r.taxes[1].taxability_reason AS taxability_reason, r.metadata
FROM (
    SELECT invoice, position, json_transform(line, '{
        "id": "VARCHAR", "description": "VARCHAR", "quantity": "VARCHAR", "amount": "VARCHAR",
        "currency": "VARCHAR", "discount_amounts": [{"amount": "VARCHAR", "discount": "VARCHAR"}],
        "period": {"start": "VARCHAR", "end": "VARCHAR"},
        "pricing": {"price_details": {"price": "VARCHAR", "product": "VARCHAR"}},
        "taxes": [{"amount": "VARCHAR", "tax_behavior": "VARCHAR", "taxability_reason": "VARCHAR",
                   "tax_rate_details": {"tax_rate": "VARCHAR"}}],
        "metadata": "JSON"
    }') AS r
    FROM (
        SELECT
            i.id AS invoice,
            CASE WHEN i.raw ->> '$.lines.has_more' = 'false' THEN i.raw -> '$.lines'
                 ELSE coalesce(whole.raw, i.raw -> '$.lines') END AS lines
        FROM changed AS i
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'invoice_lines' AND whole.id = i.id
    ), unnest(json_extract(lines, '$.data[*]')) WITH ORDINALITY AS item(line, position)
);
