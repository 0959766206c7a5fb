-- What changed, as a feed of ids; the data in an event is never used.
CREATE TABLE IF NOT EXISTS stripe.events (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    type VARCHAR NOT NULL,
    object_id VARCHAR,
    object_type VARCHAR
);

DELETE FROM stripe.events WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.events BY NAME
SELECT
    id, created, local_day(created) AS day, r.type, r.data.object.id AS object_id,
    r.data.object.object AS object_type
FROM (
    SELECT id, created, json_transform(raw, '{
        "type": "VARCHAR", "data": {"object": {"id": "VARCHAR", "object": "VARCHAR"}}
    }') AS r
    FROM changed
);
