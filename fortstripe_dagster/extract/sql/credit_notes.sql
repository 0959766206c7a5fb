-- Credit notes, in minor units.
CREATE TABLE IF NOT EXISTS stripe.credit_notes (
    id VARCHAR NOT NULL,
    number VARCHAR,
    created TIMESTAMPTZ NOT NULL,
    invoice VARCHAR NOT NULL,
    customer VARCHAR,
    currency VARCHAR NOT NULL,
    amount BIGINT,
    total BIGINT NOT NULL,
    total_excluding_tax BIGINT,
    shipping_amount BIGINT,  -- with its tax
    shipping_tax BIGINT,
    status VARCHAR NOT NULL,
    type VARCHAR,
    effective_at TIMESTAMPTZ,
    voided_at TIMESTAMPTZ,
    pre_payment_amount BIGINT,
    post_payment_amount BIGINT,
    out_of_band_amount BIGINT,
    customer_balance_transaction VARCHAR,
    memo VARCHAR,
    reason VARCHAR
);

DELETE FROM stripe.credit_notes WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.credit_notes BY NAME
SELECT
    id, r.number, created, r.invoice, r.customer, upper(r.currency) AS currency, r.amount::BIGINT AS amount,
    r.total::BIGINT AS total, r.total_excluding_tax::BIGINT AS total_excluding_tax,
    coalesce(r.shipping_cost.amount_total, r.amount_shipping)::BIGINT AS shipping_amount,
    r.shipping_cost.amount_tax::BIGINT AS shipping_tax, r.status, r.type, moment(r.effective_at) AS effective_at,
    moment(r.voided_at) AS voided_at, r.pre_payment_amount::BIGINT AS pre_payment_amount,
    r.post_payment_amount::BIGINT AS post_payment_amount, r.out_of_band_amount::BIGINT AS out_of_band_amount,
    r.customer_balance_transaction, r.memo, r.reason
FROM (
    SELECT id, created, json_transform(raw, '{
        "number": "VARCHAR", "invoice": "VARCHAR", "customer": "VARCHAR", "currency": "VARCHAR",
        "amount": "VARCHAR", "total": "VARCHAR", "total_excluding_tax": "VARCHAR", "amount_shipping": "VARCHAR",
        "shipping_cost": {"amount_total": "VARCHAR", "amount_tax": "VARCHAR"}, "status": "VARCHAR", "type": "VARCHAR",
        "effective_at": "VARCHAR", "voided_at": "VARCHAR", "pre_payment_amount": "VARCHAR",
        "post_payment_amount": "VARCHAR", "out_of_band_amount": "VARCHAR",
        "customer_balance_transaction": "VARCHAR", "memo": "VARCHAR", "reason": "VARCHAR"
    }') AS r
    FROM changed
);
