-- Fortnox's books as they were last read. Amounts are kronor, debit positive, credit negative.
CREATE TABLE IF NOT EXISTS proof.fortnox_years (
    year_id INTEGER NOT NULL,      -- Fortnox's number of the financial year
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    company VARCHAR NOT NULL,
    organisation_number VARCHAR NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS proof.fortnox_accounts (
    year_id INTEGER NOT NULL,
    account VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    opening DECIMAL(18, 2) NOT NULL
);
CREATE TABLE IF NOT EXISTS proof.fortnox_vouchers (
    year_id INTEGER NOT NULL,
    series VARCHAR NOT NULL,
    number INTEGER,
    day DATE NOT NULL,
    text VARCHAR NOT NULL,
    rows_changed BOOLEAN NOT NULL  -- rows were struck or added after posting
);
ALTER TABLE proof.fortnox_vouchers ADD COLUMN IF NOT EXISTS registered DATE;   -- when it was entered
ALTER TABLE proof.fortnox_vouchers ADD COLUMN IF NOT EXISTS signed VARCHAR;    -- by whom, where Fortnox says so
CREATE TABLE IF NOT EXISTS proof.fortnox_lines (
    year_id INTEGER NOT NULL,
    series VARCHAR NOT NULL,
    number INTEGER,
    line_no INTEGER NOT NULL,
    account VARCHAR NOT NULL,
    amount DECIMAL(18, 2) NOT NULL,
    text VARCHAR NOT NULL
);
-- Invoices with a balance, and those of the days that were proven; amounts in the invoice's own currency.
CREATE TABLE IF NOT EXISTS proof.fortnox_invoices (
    number VARCHAR NOT NULL,
    reference VARCHAR,             -- ExternalInvoiceReference1: the Stripe id it was made from
    customer VARCHAR,
    day DATE NOT NULL,
    due_day DATE,
    currency VARCHAR NOT NULL,
    sek_per_unit DECIMAL(18, 8) NOT NULL,
    total DECIMAL(18, 2) NOT NULL,
    balance DECIMAL(18, 2) NOT NULL,
    booked BOOLEAN NOT NULL,
    cancelled BOOLEAN NOT NULL,
    voucher_series VARCHAR,
    voucher_number INTEGER,
    voucher_year INTEGER
);
