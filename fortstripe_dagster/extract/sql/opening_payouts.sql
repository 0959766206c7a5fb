-- Payouts made before the first booked day that had not come to their end by then. Minor units; `on_its_way` at that
-- midnight, else they had reached the bank and came back later.
CREATE TABLE IF NOT EXISTS stripe.opening_payouts (
    payout VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    amount BIGINT NOT NULL,
    on_its_way BOOLEAN NOT NULL,
    start_date DATE NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
);
