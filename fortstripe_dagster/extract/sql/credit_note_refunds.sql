-- Which refunds gave a credit note's money back, in minor units.
CREATE TABLE IF NOT EXISTS stripe.credit_note_refunds (
    credit_note VARCHAR NOT NULL,
    refund VARCHAR,  -- null where it was given back outside Stripe
    amount_refunded BIGINT NOT NULL
);

DELETE FROM stripe.credit_note_refunds WHERE credit_note IN (SELECT id FROM changed);

INSERT INTO stripe.credit_note_refunds BY NAME
SELECT credit_note, r.refund, r.amount_refunded::BIGINT AS amount_refunded
FROM (
    SELECT id AS credit_note, unnest(json_transform(raw, '{
        "refunds": [{"refund": "VARCHAR", "amount_refunded": "VARCHAR"}]
    }').refunds) AS r
    FROM changed
);
