-- What every list of the close pack reads: the month's days, the accounts by what they are for, and each entry's document.
CREATE OR REPLACE TEMP MACRO month_first() AS getvariable('close_first')::DATE;
CREATE OR REPLACE TEMP MACRO month_last() AS getvariable('close_last')::DATE;
CREATE OR REPLACE TEMP MACRO in_month(day) AS day BETWEEN month_first() AND month_last();
CREATE OR REPLACE TEMP MACRO kronor(ore) AS (ore::DECIMAL(16, 0) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2);

CREATE OR REPLACE TEMP TABLE account_names AS
SELECT account, max_by(name, year_id) AS name FROM proof.fortnox_accounts GROUP BY account;

-- Which accounts the ledger uses for a purpose; one account may serve several.
CREATE OR REPLACE TEMP MACRO accounts_for(pattern) AS TABLE
    SELECT DISTINCT number AS account FROM ledger.account_map WHERE regexp_full_match(role, pattern);

CREATE OR REPLACE TEMP TABLE entry_documents AS
WITH each_entry AS (
    SELECT unnest(d.entry_ids) AS entry_id, d.document_id, d.kind, d.status, d.fortnox_number, v.day AS voucher_day,
           d.voucher_series || ' ' || d.voucher_number AS voucher
    FROM delivery.documents d
    LEFT JOIN proof.fortnox_vouchers v
      ON v.year_id = d.voucher_year AND v.series = d.voucher_series AND v.number = d.voucher_number
)
SELECT entry_id,
       string_agg(DISTINCT CASE WHEN status <> 'done' THEN status
                                WHEN kind IN ('invoice', 'credit_invoice') THEN 'F ' || fortnox_number
                                ELSE coalesce(voucher, fortnox_number, document_id) END, ', ') AS document,
       max(voucher_day) AS voucher_day
FROM each_entry GROUP BY entry_id;
