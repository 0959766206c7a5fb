-- Invoices and customers as Fortnox listed them last, one row each, and until when changes have been read.
CREATE TABLE IF NOT EXISTS proof.fortnox_invoice_states (
    number VARCHAR NOT NULL,
    reference VARCHAR,
    customer_number VARCHAR,
    day DATE NOT NULL,
    due_day DATE,
    currency VARCHAR NOT NULL,
    total DECIMAL(18, 2),
    cancelled BOOLEAN NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS proof.fortnox_customers (
    number VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    address1 VARCHAR NOT NULL,
    address2 VARCHAR NOT NULL,
    zip_code VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    organisation_number VARCHAR NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS proof.fortnox_changes_read (read_at TIMESTAMPTZ NOT NULL);
