-- What was on Stripe before the first booked day: the first reading less all that moved since. Minor units.
CREATE TABLE IF NOT EXISTS stripe.opening_balances (
    currency VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL,
    since_start_net BIGINT NOT NULL,
    opening BIGINT NOT NULL,
    start_date DATE NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
);
