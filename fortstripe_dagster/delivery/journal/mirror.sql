-- Schema `delivery`: the journal for SQL users. Rebuilt from journal.sqlite at any time; nothing reads it to deliver.
-- What was sent and answered word for word stands in the journal alone: a copy would only make the warehouse grow.
-- Ids are unique as the journal's are. Keys would be indexes, written anew whole with every slice of a delivery.
CREATE TABLE IF NOT EXISTS delivery.journal (identity VARCHAR);
CREATE TABLE IF NOT EXISTS delivery.documents (
    document_id VARCHAR,
    kind VARCHAR,
    day DATE,
    packaging VARCHAR,
    rule_version VARCHAR,
    description VARCHAR,
    entry_ids VARCHAR[],
    content_hash VARCHAR,
    status VARCHAR,                 -- done, held, waiting, awaiting approval, in doubt, planned, shadow
    reason VARCHAR,
    remedy VARCHAR,
    fortnox_number VARCHAR,         -- of the invoice, payment, voucher, customer …
    invoice_number VARCHAR,         -- payments: the invoice that they pay
    voucher_series VARCHAR,         -- of the voucher, or of the one that bookkeeping made
    voucher_number INTEGER,
    voucher_year INTEGER,           -- Fortnox's id of the financial year
    total DECIMAL(18, 2),           -- invoices: Fortnox's figures, kronor
    total_vat DECIMAL(18, 2),
    round_off DECIMAL(18, 2),
    corrects VARCHAR,               -- the invoice whose VAT rounding a voucher takes back
    amends VARCHAR,                 -- the document that this one takes back, replaces, reposts or supplements
    because VARCHAR,                -- why it does so, and who decided it
    sealed_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS delivery.document_lines (
    document_id VARCHAR, entry_id VARCHAR, day DATE, account VARCHAR,
    debit DECIMAL(18, 2), credit DECIMAL(18, 2), vat_rate DECIMAL(5, 2)
);
CREATE TABLE IF NOT EXISTS delivery.intents (
    intent BIGINT, document_id VARCHAR, step VARCHAR, attempt INTEGER, method VARCHAR, path VARCHAR,
    run_id VARCHAR, sent_at TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS delivery.answers (
    intent BIGINT, outcome VARCHAR, status INTEGER, number VARCHAR, code INTEGER, answered_at TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS delivery.approvals (document_id VARCHAR, content_hash VARCHAR, who VARCHAR, approved_at TIMESTAMPTZ);
-- What people ordered against documents in Fortnox: undo, redo, adopt.
CREATE TABLE IF NOT EXISTS delivery.orders (
    document_id VARCHAR, action VARCHAR, reason VARCHAR, who VARCHAR, ordered_at TIMESTAMPTZ
);
-- Customers whose personal data a person had erased.
CREATE TABLE IF NOT EXISTS delivery.forgotten (
    customer VARCHAR, what VARCHAR, reason VARCHAR, who VARCHAR, forgotten_at TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS delivery.choice_sets (choices VARCHAR, text JSON, first_delivered_at TIMESTAMPTZ);
-- What changed from one choice set to the next: accounts, policies, rules, rule data.
CREATE TABLE IF NOT EXISTS delivery.choice_changes (
    changed_at TIMESTAMPTZ, part VARCHAR, name VARCHAR, before VARCHAR, after VARCHAR
);
CREATE TABLE IF NOT EXISTS delivery.replans (
    from_day DATE, choices VARCHAR, reason VARCHAR, who VARCHAR, asked_at TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS delivery.runs (
    run_id VARCHAR, first_day DATE, last_day DATE, started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ         -- NULL while it is under way, where it failed or might send only some documents
);
