-- Visits to Stripe's payment page, in minor units: what a payment without an invoice was for.
CREATE TABLE IF NOT EXISTS stripe.checkout_sessions (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    mode VARCHAR NOT NULL,
    status VARCHAR,
    payment_status VARCHAR NOT NULL,
    payment_intent VARCHAR,
    invoice VARCHAR,
    subscription VARCHAR,
    customer VARCHAR,
    currency VARCHAR,
    amount_subtotal BIGINT,
    amount_discount BIGINT,
    amount_shipping BIGINT,
    amount_tax BIGINT,
    amount_total BIGINT,
    customer_name VARCHAR,
    customer_business_name VARCHAR,
    customer_email VARCHAR,
    customer_country VARCHAR,
    customer_line1 VARCHAR,
    customer_line2 VARCHAR,
    customer_city VARCHAR,
    customer_postal_code VARCHAR,
    customer_tax_exempt VARCHAR,
    customer_tax_ids JSON,
    shipping_country VARCHAR,
    shipping_taxes JSON,  -- as on a line
    automatic_tax_status VARCHAR,
    client_reference_id VARCHAR,
    metadata JSON,
    discounts JSON  -- with the coupon itself where gift cards are redeemed by coupon
);

DELETE FROM stripe.checkout_sessions WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.checkout_sessions BY NAME
SELECT
    id, created, r.mode, r.status, r.payment_status, r.payment_intent, r.invoice, r.subscription, r.customer,
    upper(r.currency) AS currency, r.amount_subtotal::BIGINT AS amount_subtotal,
    r.total_details.amount_discount::BIGINT AS amount_discount,
    r.total_details.amount_shipping::BIGINT AS amount_shipping, r.total_details.amount_tax::BIGINT AS amount_tax,
    r.amount_total::BIGINT AS amount_total,
    coalesce(r.customer_details.name, r.customer_details.individual_name) AS customer_name,
    r.customer_details.business_name AS customer_business_name,
    coalesce(r.customer_details.email, r.customer_email) AS customer_email,
    r.customer_details.address.country AS customer_country, r.customer_details.address.line1 AS customer_line1,
    r.customer_details.address.line2 AS customer_line2, r.customer_details.address.city AS customer_city,
    r.customer_details.address.postal_code AS customer_postal_code,
    r.customer_details.tax_exempt AS customer_tax_exempt, r.customer_details.tax_ids AS customer_tax_ids,
    r.collected_information.shipping_details.address.country AS shipping_country,
    r.shipping_cost.taxes AS shipping_taxes, r.automatic_tax.status AS automatic_tax_status, r.client_reference_id,
    r.metadata, r.discounts
FROM (
    SELECT id, created, json_transform(raw, '{
        "mode": "VARCHAR", "status": "VARCHAR", "payment_status": "VARCHAR", "payment_intent": "VARCHAR",
        "invoice": "VARCHAR", "subscription": "VARCHAR", "customer": "VARCHAR", "currency": "VARCHAR",
        "amount_subtotal": "VARCHAR", "amount_total": "VARCHAR", "customer_email": "VARCHAR",
        "total_details": {"amount_discount": "VARCHAR", "amount_shipping": "VARCHAR", "amount_tax": "VARCHAR"},
        "customer_details": {
            "name": "VARCHAR", "individual_name": "VARCHAR", "business_name": "VARCHAR", "email": "VARCHAR",
            "tax_exempt": "VARCHAR", "tax_ids": "JSON",
            "address": {
                "country": "VARCHAR", "line1": "VARCHAR", "line2": "VARCHAR", "city": "VARCHAR",
                "postal_code": "VARCHAR"
            }
        },
        "collected_information": {"shipping_details": {"address": {"country": "VARCHAR"}}},
        "shipping_cost": {"taxes": "JSON"}, "automatic_tax": {"status": "VARCHAR"},
        "client_reference_id": "VARCHAR", "metadata": "JSON", "discounts": "JSON"
    }') AS r
    FROM changed
);
