-- Stripe invoices; name, address and tax ids are those frozen when the invoice was finalised.
CREATE TABLE IF NOT EXISTS stripe.invoices (
    id VARCHAR NOT NULL,
    number VARCHAR,
    created TIMESTAMPTZ NOT NULL,
    status VARCHAR,
    customer VARCHAR,
    currency VARCHAR NOT NULL,
    subtotal BIGINT NOT NULL,
    total BIGINT NOT NULL,
    total_excluding_tax BIGINT,
    amount_due BIGINT NOT NULL,
    amount_paid BIGINT,
    amount_paid_off_stripe BIGINT,
    amount_remaining BIGINT,
    starting_balance BIGINT,
    ending_balance BIGINT,
    pre_payment_credit_notes_amount BIGINT,
    post_payment_credit_notes_amount BIGINT,
    effective_at TIMESTAMPTZ,
    finalized_at TIMESTAMPTZ,
    paid_at TIMESTAMPTZ,
    voided_at TIMESTAMPTZ,
    marked_uncollectible_at TIMESTAMPTZ,
    due_date TIMESTAMPTZ,
    customer_name VARCHAR,
    customer_email VARCHAR,
    customer_phone VARCHAR,
    customer_country VARCHAR,
    customer_line1 VARCHAR,
    customer_line2 VARCHAR,
    customer_city VARCHAR,
    customer_postal_code VARCHAR,
    customer_tax_exempt VARCHAR,
    customer_tax_ids JSON,
    description VARCHAR,
    collection_method VARCHAR,
    billing_reason VARCHAR,
    automatic_tax_status VARCHAR,
    shipping_amount BIGINT,
    shipping_tax BIGINT,
    ship_to_country VARCHAR,
    ship_to_postal_code VARCHAR,
    subscription VARCHAR,
    seller VARCHAR,  -- the connected account for which it was made
    discounts JSON  -- ids, or the discounts themselves with their coupons where gift cards are redeemed by coupon; with
                    -- those that stand on the customer or on a line alone
);

DELETE FROM stripe.invoices WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.invoices BY NAME
SELECT
    id, r.number, created, CASE WHEN r.deleted THEN 'deleted' ELSE r.status END AS status, r.customer,
    upper(r.currency) AS currency, r.subtotal::BIGINT AS subtotal, r.total::BIGINT AS total,
    r.total_excluding_tax::BIGINT AS total_excluding_tax, r.amount_due::BIGINT AS amount_due,
    r.amount_paid::BIGINT AS amount_paid, r.amount_paid_off_stripe::BIGINT AS amount_paid_off_stripe,
    r.amount_remaining::BIGINT AS amount_remaining,
    r.starting_balance::BIGINT AS starting_balance, r.ending_balance::BIGINT AS ending_balance,
    r.pre_payment_credit_notes_amount::BIGINT AS pre_payment_credit_notes_amount,
    r.post_payment_credit_notes_amount::BIGINT AS post_payment_credit_notes_amount,
    moment(r.effective_at) AS effective_at, moment(r.status_transitions.finalized_at) AS finalized_at,
    moment(r.status_transitions.paid_at) AS paid_at, moment(r.status_transitions.voided_at) AS voided_at,
    moment(r.status_transitions.marked_uncollectible_at) AS marked_uncollectible_at,
    moment(r.due_date) AS due_date, r.customer_name, r.customer_email, r.customer_phone,
    r.customer_address.country AS customer_country, r.customer_address.line1 AS customer_line1,
    r.customer_address.line2 AS customer_line2, r.customer_address.city AS customer_city,
    r.customer_address.postal_code AS customer_postal_code, r.customer_tax_exempt, r.customer_tax_ids,
    r.description, r.collection_method, r.billing_reason, r.automatic_tax.status AS automatic_tax_status,
    r.shipping_cost.amount_total::BIGINT AS shipping_amount, r.shipping_cost.amount_tax::BIGINT AS shipping_tax,
    r.customer_shipping.address.country AS ship_to_country,
    r.customer_shipping.address.postal_code AS ship_to_postal_code, CASE WHEN r.total_discount_amounts IS NULL THEN r.discounts
         ELSE to_json(list_concat(json_extract(r.discounts, '$[*]'),
                                  list_transform(r.total_discount_amounts, lambda d: d.discount))) END AS discounts,
    r.parent.subscription_details.subscription, r.on_behalf_of AS seller
FROM (
    SELECT id, created, json_transform(raw, '{
        "number": "VARCHAR", "status": "VARCHAR", "customer": "VARCHAR", "currency": "VARCHAR",
        "subtotal": "VARCHAR", "total": "VARCHAR", "total_excluding_tax": "VARCHAR", "amount_due": "VARCHAR",
        "amount_paid": "VARCHAR", "amount_paid_off_stripe": "VARCHAR", "amount_remaining": "VARCHAR",
        "starting_balance": "VARCHAR",
        "ending_balance": "VARCHAR", "pre_payment_credit_notes_amount": "VARCHAR",
        "post_payment_credit_notes_amount": "VARCHAR", "deleted": "BOOLEAN", "effective_at": "VARCHAR",
        "due_date": "VARCHAR",
        "status_transitions": {
            "finalized_at": "VARCHAR", "paid_at": "VARCHAR", "voided_at": "VARCHAR", "marked_uncollectible_at": "VARCHAR"
        },
        "customer_name": "VARCHAR", "customer_email": "VARCHAR", "customer_phone": "VARCHAR",
        "customer_address": {
            "country": "VARCHAR", "line1": "VARCHAR", "line2": "VARCHAR", "city": "VARCHAR", "postal_code": "VARCHAR"
        },
        "customer_tax_exempt": "VARCHAR", "customer_tax_ids": "JSON", "description": "VARCHAR",
        "collection_method": "VARCHAR", "billing_reason": "VARCHAR", "automatic_tax": {"status": "VARCHAR"},
        "shipping_cost": {"amount_total": "VARCHAR", "amount_tax": "VARCHAR"},
        "customer_shipping": {"address": {"country": "VARCHAR", "postal_code": "VARCHAR"}},
        "discounts": "JSON", "total_discount_amounts": [{"discount": "JSON"}], "on_behalf_of": "VARCHAR",
        "parent": {"subscription_details": {"subscription": "VARCHAR"}}
    }') AS r
    FROM changed
);
