-- Subscriptions of every status.
CREATE TABLE IF NOT EXISTS stripe.subscriptions (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    customer VARCHAR,
    status VARCHAR NOT NULL,
    currency VARCHAR,
    canceled_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    cancel_at_period_end BOOLEAN,
    collection_method VARCHAR,
    seller VARCHAR  -- the connected account for which its charges are made, or to which their money goes
);

DELETE FROM stripe.subscriptions WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.subscriptions BY NAME
SELECT
    id, created, r.customer, r.status, upper(r.currency) AS currency, moment(r.canceled_at) AS canceled_at,
    moment(r.ended_at) AS ended_at, r.cancel_at_period_end::BOOLEAN AS cancel_at_period_end, r.collection_method,
    coalesce(r.transfer_data.destination, r.on_behalf_of) AS seller
FROM (
    SELECT id, created, json_transform(raw, '{
        "customer": "VARCHAR", "status": "VARCHAR", "currency": "VARCHAR", "canceled_at": "VARCHAR",
        "ended_at": "VARCHAR", "cancel_at_period_end": "VARCHAR", "collection_method": "VARCHAR",
        "transfer_data": {"destination": "VARCHAR"}, "on_behalf_of": "VARCHAR"
    }') AS r
    FROM changed
);
