-- Every reading of Stripe's balance, in minor units.
CREATE TABLE IF NOT EXISTS stripe.balances (
    read_at TIMESTAMPTZ NOT NULL,
    balance_type VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    available BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    reserved BIGINT NOT NULL
);
