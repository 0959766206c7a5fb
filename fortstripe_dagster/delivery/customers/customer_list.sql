-- Fortnox's customers as its list shows them: what a new buyer is compared with before one is made.
CREATE TABLE IF NOT EXISTS delivery.fortnox_customers (
    number VARCHAR NOT NULL, name VARCHAR NOT NULL, email VARCHAR NOT NULL, organisation_number VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery.fortnox_customers_read (
    tenant_id VARCHAR NOT NULL,
    whole_at TIMESTAMPTZ NOT NULL,    -- when the whole list was read last: only then are removed customers seen
    changes_at TIMESTAMPTZ NOT NULL   -- when its changes were read last
);
