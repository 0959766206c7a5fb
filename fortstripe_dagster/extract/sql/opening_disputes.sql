-- Disputes for which money had left before the first booked day and that were not closed by then. Minor units, positive.
CREATE TABLE IF NOT EXISTS stripe.opening_disputes (
    dispute VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    amount BIGINT NOT NULL,
    start_date DATE NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
);
