-- journal.sqlite: what was decided, sent and answered. Append-only; the one file that cannot be rebuilt.
-- Moments are UTC in ISO 8601, days ISO, amounts inside JSON exact decimals.

CREATE TABLE runs (run_id TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, started_at TEXT NOT NULL);

-- Those of them that came to their end, whatever they had to hold; one that failed, or might send only some documents,
-- leaves its days to be run again.
CREATE TABLE finished_runs (
    run_id TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL
);

-- Which Stripe account, mode and Fortnox company these books belong to: set once.
CREATE TABLE pins (name TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL);

-- A document as it was when first sent: its assignment of entries, texts and packaging.
CREATE TABLE seals (
    seal INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    description TEXT NOT NULL,
    depends_on TEXT NOT NULL,      -- JSON array of document ids
    content TEXT NOT NULL,         -- JSON; request bodies are built from it
    packaging TEXT NOT NULL,
    rule_version TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX seals_document ON seals (document_id);
CREATE INDEX seals_day ON seals (day);

CREATE TABLE sealed_entries (
    seal INTEGER NOT NULL REFERENCES seals,
    entry_id TEXT NOT NULL,
    day TEXT NOT NULL,
    lines TEXT NOT NULL,           -- JSON: [[account, signed amount, VAT rate, treatment, cost centre, project], …]
    choices TEXT                   -- the choice set that the ledger made them under; NULL where it is not known
);
CREATE INDEX sealed_entries_entry ON sealed_entries (entry_id);
CREATE INDEX sealed_entries_day ON sealed_entries (day);
CREATE INDEX sealed_entries_seal ON sealed_entries (seal);

-- Rules and settings that entries were sealed under, each since it was first delivered.
CREATE TABLE choice_sets (choices TEXT PRIMARY KEY, text TEXT NOT NULL, at TEXT NOT NULL);

-- Requests that what is sealed from a day on should follow other choices than it was sealed under.
CREATE TABLE replans (
    from_day TEXT NOT NULL, choices TEXT NOT NULL REFERENCES choice_sets, reason TEXT NOT NULL, who TEXT NOT NULL,
    at TEXT NOT NULL
);

-- One row for each request that writes, committed before it is sent.
CREATE TABLE intents (
    intent INTEGER PRIMARY KEY,
    seal INTEGER NOT NULL REFERENCES seals,
    document_id TEXT NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    params TEXT NOT NULL,
    body TEXT,
    run_id TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX intents_document ON intents (document_id);
CREATE INDEX intents_seal ON intents (seal);

-- How an intent ended. One without a row here is in doubt.
CREATE TABLE answers (
    intent INTEGER PRIMARY KEY REFERENCES intents,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'not_done', 'found', 'not_found')),
    status INTEGER,
    number TEXT,                   -- Fortnox's number for the document
    code INTEGER,                  -- Fortnox's error code
    body TEXT,                     -- what Fortnox answered, or its message
    at TEXT NOT NULL
);

CREATE INDEX answers_number ON answers (number) WHERE number IS NOT NULL;

-- Stripe customers that were in Fortnox already.
CREATE TABLE matches (document_id TEXT PRIMARY KEY, number TEXT NOT NULL, how TEXT NOT NULL, at TEXT NOT NULL);

CREATE TABLE approvals (
    document_id TEXT NOT NULL, content_hash TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (document_id, content_hash)
);
-- What a person ordered against a document in Fortnox, with the reason.
CREATE TABLE orders (
    document_id TEXT NOT NULL, action TEXT NOT NULL CHECK (action IN ('undo', 'redo', 'adopt')),
    reason TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL
);
-- Customers whose personal data were erased here, at whose order and why. What was sent to Fortnox stays above.
CREATE TABLE forgotten (
    customer TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE cursors (name TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE touched_days (day TEXT NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL);

-- A seal binds once a request for it took effect or may have; if all were refused, nothing has happened and it is void.
CREATE VIEW firm_seals AS
SELECT s.* FROM seals s
WHERE EXISTS (
    SELECT 1 FROM intents i LEFT JOIN answers a ON a.intent = i.intent
    WHERE i.seal = s.seal AND (a.intent IS NULL OR a.outcome IN ('done', 'found'))
);

CREATE VIEW open_intents AS
SELECT i.* FROM intents i WHERE NOT EXISTS (SELECT 1 FROM answers a WHERE a.intent = i.intent);
