-- All lines of each credit note, in its order. Stripe sends the first ten with it; longer lists are stored beside it.
CREATE TABLE IF NOT EXISTS stripe.credit_note_lines (
    id VARCHAR NOT NULL,
    credit_note VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    invoice_line_item VARCHAR,
    description VARCHAR,
    quantity BIGINT,
    amount BIGINT NOT NULL,
    discount_amount BIGINT NOT NULL,
    tax_amount BIGINT NOT NULL,
    tax_behavior VARCHAR,
    tax_rate VARCHAR,
    taxability_reason VARCHAR
);

DELETE FROM stripe.credit_note_lines WHERE credit_note IN (SELECT id FROM changed);

INSERT INTO stripe.credit_note_lines BY NAME
SELECT
    r.id, credit_note, position::INTEGER AS position, r.invoice_line_item, r.description,
    r.quantity::BIGINT AS quantity, r.amount::BIGINT AS amount,
    coalesce(r.discount_amount::BIGINT, 0) AS discount_amount,
    total(list_transform(r.taxes, lambda t: t.amount)) AS tax_amount, r.taxes[1].tax_behavior AS tax_behavior,
    coalesce(r.taxes[1].tax_rate_details.tax_rate, r.tax_rates[1].id) AS tax_rate,
    r.taxes[1].taxability_reason AS taxability_reason
FROM (
    SELECT credit_note, position, json_transform(line, '{
        "id": "VARCHAR", "invoice_line_item": "VARCHAR", "description": "VARCHAR", "quantity": "VARCHAR",
        "amount": "VARCHAR", "discount_amount": "VARCHAR", "tax_rates": [{"id": "VARCHAR"}],
        "taxes": [{"amount": "VARCHAR", "tax_behavior": "VARCHAR", "taxability_reason": "VARCHAR",
                   "tax_rate_details": {"tax_rate": "VARCHAR"}}]
    }') AS r
    FROM (
        SELECT
            n.id AS credit_note,
            CASE WHEN n.raw ->> '$.lines.has_more' = 'false' THEN n.raw -> '$.lines'
                 ELSE coalesce(whole.raw, n.raw -> '$.lines') END AS lines
        FROM changed AS n
        LEFT JOIN stripe.raw_objects AS whole ON whole.stream = 'credit_note_lines' AND whole.id = n.id
    ), unnest(json_extract(lines, '$.data[*]')) WITH ORDINALITY AS item(line, position)
);
