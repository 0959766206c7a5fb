-- What the rules that look across all families have posted: of it a build of a few days replaces only what has changed.
CREATE OR REPLACE TABLE ledger.across_postings AS
FROM ledger.postings WHERE kind IN ('fee_vat', 'opening', 'revaluation');
