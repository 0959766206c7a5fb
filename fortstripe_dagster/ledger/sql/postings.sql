-- All double-entry lines, signed (debit positive, öre), with the entry they belong to; the postings_….sql files fill it.
-- Clearing lines come from balance transactions alone, one for each, so clearing = sum of net by construction; document
-- events meet them on receivables, transit and the disputed account. What, when and where: BOOKKEEPING.
CREATE OR REPLACE TABLE ledger.postings (
    entry_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,
    source VARCHAR,                -- the Stripe object behind the entry
    balance_transaction VARCHAR,
    charge VARCHAR,
    sale_id VARCHAR,
    credit_id VARCHAR,
    settlement VARCHAR NOT NULL,   -- the balance the entry belongs to; documents: the currency of sale
    text VARCHAR,
    held VARCHAR,
    line_no INTEGER NOT NULL,
    account VARCHAR,
    ore BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    amount BIGINT,                 -- minor units of `currency`
    vat_rate DECIMAL(5, 2),
    treatment VARCHAR,
    cost_center VARCHAR,
    project VARCHAR,
    rule VARCHAR                   -- the company's rule that decided the line
);
