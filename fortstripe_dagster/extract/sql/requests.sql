-- Requests that runs have sent, failed runs included.
CREATE TABLE IF NOT EXISTS stripe.requests (
    run_id VARCHAR NOT NULL,
    spent_at TIMESTAMPTZ NOT NULL,
    endpoint VARCHAR NOT NULL,
    count INTEGER NOT NULL
);
