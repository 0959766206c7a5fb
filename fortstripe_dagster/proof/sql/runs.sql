-- Every proof that was made, each chained to the one before by its hash.
CREATE TABLE IF NOT EXISTS proof.runs (
    number INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    proven_at TIMESTAMPTZ NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    ok BOOLEAN NOT NULL,
    alarms INTEGER NOT NULL,
    explained INTEGER NOT NULL,
    certificate VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL
);
