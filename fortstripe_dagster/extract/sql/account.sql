-- The account and mode this warehouse belongs to: one row.
CREATE TABLE IF NOT EXISTS stripe.account (
    id VARCHAR NOT NULL,
    country VARCHAR,
    default_currency VARCHAR,
    livemode BOOLEAN NOT NULL,
    name VARCHAR,
    checked_by VARCHAR NOT NULL,  -- the run that last compared it with the key's
    checked_key VARCHAR NOT NULL  -- a digest of that key
);
