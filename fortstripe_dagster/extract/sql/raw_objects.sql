-- The latest version of every object as Stripe sent it, and the versions before it.
-- Reads `arrived`; leaves in `altered` the ids of objects that are new or different.

CREATE TABLE IF NOT EXISTS stripe.raw_objects (
    stream VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ,
    api_version VARCHAR NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,  -- when this content was read first
    fetched_at TIMESTAMPTZ NOT NULL,  -- when it was read last
    raw JSON NOT NULL USING COMPRESSION zstd
);

CREATE TABLE IF NOT EXISTS stripe.raw_versions (
    stream VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    api_version VARCHAR NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    raw JSON NOT NULL USING COMPRESSION zstd
);

-- The last reading of each object wins, but never over one that was asked for later.
-- Of a deleted object Stripe answers the id alone: what it was is kept beneath.
-- What is stored is found by its ids alone and then read by row: reading all of `raw` would cost more at each commit.
CREATE OR REPLACE TEMP TABLE stored AS
SELECT old.stream, old.id, old.created, old.fetched_at, old.rowid AS place
FROM stripe.raw_objects AS old SEMI JOIN arrived AS new ON old.stream = new.stream AND old.id = new.id;

CREATE OR REPLACE TEMP TABLE latest AS
WITH newest AS (
    SELECT * FROM arrived
    QUALIFY row_number() OVER (PARTITION BY stream, id ORDER BY fetched_at DESC, page DESC) = 1
),
before AS (
    SELECT stored.*, old.raw
    FROM stripe.raw_objects AS old JOIN stored ON old.rowid = stored.place
)
SELECT
    new.stream,
    new.id,
    coalesce(new.created, old.created) AS created,
    new.api_version,
    new.fetched_at,
    CASE WHEN new.deleted AND old.raw IS NOT NULL THEN json_merge_patch(old.raw, new.raw) ELSE new.raw END AS raw,
    old.raw AS before,
    old.place
FROM newest AS new LEFT JOIN before AS old ON old.stream = new.stream AND old.id = new.id
WHERE old.fetched_at IS NULL OR new.fetched_at >= old.fetched_at;

CREATE OR REPLACE TEMP TABLE altered AS
SELECT stream, id, place FROM latest WHERE before IS NULL OR before::VARCHAR <> raw::VARCHAR;

INSERT INTO stripe.raw_versions
SELECT stream, id, api_version, first_seen, fetched_at, raw
FROM stripe.raw_objects AS old SEMI JOIN altered ON old.rowid = altered.place;

UPDATE stripe.raw_objects AS o SET fetched_at = l.fetched_at FROM latest AS l WHERE o.rowid = l.place;

DELETE FROM stripe.raw_objects AS o USING altered AS a WHERE o.rowid = a.place;

INSERT INTO stripe.raw_objects
SELECT stream, id, created, api_version, fetched_at, fetched_at, raw
FROM latest SEMI JOIN altered USING (stream, id);
