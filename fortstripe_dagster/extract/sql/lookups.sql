-- Payment intents of old customers that were looked up among the invoice payments, with the answer.
CREATE TABLE IF NOT EXISTS stripe.lookups (
    payment_intent VARCHAR NOT NULL,
    looked_up_at TIMESTAMPTZ NOT NULL,
    found BOOLEAN NOT NULL
);
