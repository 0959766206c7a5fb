-- Changes of the credit that customers have with the merchant; negative is credit, in minor units. Read where needed.
CREATE TABLE IF NOT EXISTS stripe.customer_balance_transactions (
    id VARCHAR NOT NULL,
    customer VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    type VARCHAR NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    ending_balance BIGINT NOT NULL,
    invoice VARCHAR,
    credit_note VARCHAR,
    description VARCHAR,
    metadata JSON
);

DELETE FROM stripe.customer_balance_transactions WHERE customer IN (SELECT id FROM changed);

INSERT INTO stripe.customer_balance_transactions BY NAME
SELECT
    r.id, customer, moment(r.created) AS created, local_day(moment(r.created)) AS day, r.type,
    r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.ending_balance::BIGINT AS ending_balance, r.invoice,
    r.credit_note, r.description, r.metadata
FROM (
    SELECT c.id AS customer, unnest(json_transform(moved.raw, '{
        "data": [{
            "id": "VARCHAR", "created": "VARCHAR", "type": "VARCHAR", "amount": "VARCHAR", "currency": "VARCHAR",
            "ending_balance": "VARCHAR", "invoice": "VARCHAR", "credit_note": "VARCHAR", "description": "VARCHAR",
            "metadata": "JSON"
        }]
    }').data) AS r
    FROM changed AS c
    JOIN stripe.raw_objects AS moved ON moved.stream = 'customer_balance_transactions' AND moved.id = c.id
);
