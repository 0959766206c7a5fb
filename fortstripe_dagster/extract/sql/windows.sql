-- What was listed, and what it cost.

-- One row for each committed window [from_ts, to_ts), in seconds since the epoch.
CREATE TABLE IF NOT EXISTS stripe.windows (
    stream VARCHAR NOT NULL,
    from_ts BIGINT NOT NULL,
    to_ts BIGINT NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    rows INTEGER NOT NULL,
    requests INTEGER NOT NULL
);

-- The windows of a stream with those that touch made one.
CREATE OR REPLACE VIEW stripe.coverage AS
WITH marked AS (
    SELECT
        stream, from_ts, to_ts,
        coalesce(from_ts > max(to_ts) OVER (
            PARTITION BY stream ORDER BY from_ts, to_ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), true) AS begins
    FROM stripe.windows
),
numbered AS (
    SELECT *, count(*) FILTER (begins) OVER (PARTITION BY stream ORDER BY from_ts, to_ts) AS stretch FROM marked
)
SELECT stream, min(from_ts) AS from_ts, max(to_ts) AS to_ts FROM numbered GROUP BY stream, stretch;
