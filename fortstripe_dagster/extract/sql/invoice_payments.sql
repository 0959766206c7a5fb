-- Which payment paid how much of which invoice, in minor units.
CREATE TABLE IF NOT EXISTS stripe.invoice_payments (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    invoice VARCHAR NOT NULL,
    payment_type VARCHAR,
    payment_intent VARCHAR,
    charge VARCHAR,
    amount_paid BIGINT,
    amount_requested BIGINT,
    currency VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    paid_at TIMESTAMPTZ,
    is_default BOOLEAN
);

DELETE FROM stripe.invoice_payments WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.invoice_payments BY NAME
SELECT
    id, created, r.invoice, r.payment.type AS payment_type, r.payment.payment_intent AS payment_intent,
    r.payment.charge AS charge, r.amount_paid::BIGINT AS amount_paid,
    r.amount_requested::BIGINT AS amount_requested, upper(r.currency) AS currency, r.status,
    moment(r.status_transitions.paid_at) AS paid_at, r.is_default::BOOLEAN AS is_default
FROM (
    SELECT id, created, json_transform(raw, '{
        "invoice": "VARCHAR", "payment": {"type": "VARCHAR", "payment_intent": "VARCHAR", "charge": "VARCHAR"},
        "amount_paid": "VARCHAR", "amount_requested": "VARCHAR", "currency": "VARCHAR", "status": "VARCHAR",
        "is_default": "VARCHAR", "status_transitions": {"paid_at": "VARCHAR"}
    }') AS r
    FROM changed
);
