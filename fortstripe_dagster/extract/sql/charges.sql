-- Payments and attempts to pay, in minor units of the currency the customer paid in.
CREATE TABLE IF NOT EXISTS stripe.charges (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    amount_captured BIGINT NOT NULL,
    amount_refunded BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    customer VARCHAR,
    payment_intent VARCHAR,
    balance_transaction VARCHAR,
    status VARCHAR NOT NULL,
    paid BOOLEAN,
    captured BOOLEAN,
    disputed BOOLEAN,
    description VARCHAR,
    receipt_number VARCHAR,
    receipt_email VARCHAR,
    billing_name VARCHAR,
    billing_email VARCHAR,
    billing_phone VARCHAR,
    billing_country VARCHAR,
    billing_line1 VARCHAR,
    billing_line2 VARCHAR,
    billing_city VARCHAR,
    billing_postal_code VARCHAR,
    card_country VARCHAR,
    payment_method_type VARCHAR,
    failure_code VARCHAR,
    failure_message VARCHAR,
    metadata JSON,
    ship_to_country VARCHAR,
    ship_to_postal_code VARCHAR,
    seller VARCHAR,  -- the connected account for which it was made, or to which its money goes
    seller_amount BIGINT  -- what is sent on to the seller; NULL where the charge does not say
);

DELETE FROM stripe.charges WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.charges BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount,
    r.amount_captured::BIGINT AS amount_captured, r.amount_refunded::BIGINT AS amount_refunded,
    upper(r.currency) AS currency, r.customer, r.payment_intent, r.balance_transaction, r.status,
    r.paid::BOOLEAN AS paid, r.captured::BOOLEAN AS captured, r.disputed::BOOLEAN AS disputed, r.description,
    r.receipt_number, r.receipt_email, r.billing_details.name AS billing_name,
    r.billing_details.email AS billing_email, r.billing_details.phone AS billing_phone,
    r.billing_details.address.country AS billing_country, r.billing_details.address.line1 AS billing_line1,
    r.billing_details.address.line2 AS billing_line2, r.billing_details.address.city AS billing_city,
    r.billing_details.address.postal_code AS billing_postal_code,
    r.payment_method_details.card.country AS card_country, r.payment_method_details.type AS payment_method_type,
    r.failure_code, r.failure_message, r.metadata, r.shipping.address.country AS ship_to_country,
    r.shipping.address.postal_code AS ship_to_postal_code,
    coalesce(r.transfer_data.destination, r.on_behalf_of) AS seller,
    -- Without an amount all of it is sent on; the platform's part comes back as an application fee.
    CASE WHEN r.transfer_data.destination IS NOT NULL
         THEN coalesce(r.transfer_data.amount, r.amount_captured)::BIGINT END AS seller_amount
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "amount_captured": "VARCHAR", "amount_refunded": "VARCHAR", "currency": "VARCHAR",
        "customer": "VARCHAR", "payment_intent": "VARCHAR", "balance_transaction": "VARCHAR",
        "status": "VARCHAR", "paid": "VARCHAR", "captured": "VARCHAR", "disputed": "VARCHAR",
        "description": "VARCHAR", "receipt_number": "VARCHAR", "receipt_email": "VARCHAR",
        "failure_code": "VARCHAR", "failure_message": "VARCHAR",
        "billing_details": {"name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR", "address": {
            "country": "VARCHAR", "line1": "VARCHAR", "line2": "VARCHAR", "city": "VARCHAR", "postal_code": "VARCHAR"
        }},
        "payment_method_details": {"type": "VARCHAR", "card": {"country": "VARCHAR"}}, "metadata": "JSON",
        "shipping": {"address": {"country": "VARCHAR", "postal_code": "VARCHAR"}},
        "transfer_data": {"destination": "VARCHAR", "amount": "VARCHAR"}, "on_behalf_of": "VARCHAR"
    }') AS r
    FROM changed
);
