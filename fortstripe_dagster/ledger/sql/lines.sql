-- The lines of each entry: debit or credit in kronor, the amount in its own currency, and the VAT treatment that decided.
-- Numbered in their order, which is that of the postings wherever these number each line differently.
CREATE OR REPLACE TABLE ledger.lines AS
WITH numbered AS (
    SELECT * FROM ledger.postings ANTI JOIN ledger.uneven_entries USING (entry_id)
    UNION ALL BY NAME
    SELECT * REPLACE (
        row_number() OVER (PARTITION BY entry_id ORDER BY line_no, account, vat_rate, cost_center, project, rule)::INTEGER
            AS line_no)
    FROM ledger.postings SEMI JOIN ledger.uneven_entries USING (entry_id)
)
SELECT
    entry_id,
    day AS event_day,
    line_no,
    account,
    kronor(greatest(ore, 0)) AS debit,
    kronor(greatest(-ore, 0)) AS credit,
    currency,
    amount AS amount_currency,
    vat_rate,
    treatment,
    cost_center,
    project,
    rule
FROM numbered
ORDER BY event_day;
