-- The lines of each entry: debit or credit in kronor, the amount in its own currency, and the VAT treatment that decided.
CREATE OR REPLACE TABLE ledger.lines AS
SELECT
    entry_id,
    day AS event_day,
    row_number() OVER (PARTITION BY entry_id ORDER BY line_no, account, vat_rate, cost_center, project, rule) AS line_no,
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
FROM ledger.postings
ORDER BY event_day, entry_id, line_no;
