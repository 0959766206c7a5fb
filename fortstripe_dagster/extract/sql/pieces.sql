-- Stretches of windows that are listed and committed while their window is not whole: a run that was broken off goes
-- on from them. A stretch may be empty: a page within a second that fills several.
CREATE TABLE IF NOT EXISTS stripe.pieces (
    stream VARCHAR NOT NULL,
    variant INTEGER NOT NULL,  -- which of the stream's lists
    from_ts BIGINT NOT NULL,
    to_ts BIGINT NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    rows INTEGER NOT NULL,
    requests INTEGER NOT NULL
);
