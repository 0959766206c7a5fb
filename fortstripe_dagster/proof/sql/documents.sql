-- What delivery says it did: each document that books something, and whether Fortnox's books hold its voucher.
CREATE OR REPLACE TEMP TABLE documents AS
SELECT
    d.document_id, d.kind, d.day,
    -- What shadow mode kept back is simply unsent once the company has gone live.
    CASE WHEN d.status = 'shadow' AND choice('mode') = 'live' THEN 'planned' ELSE d.status END AS status,
    d.reason, d.remedy, d.entry_ids, d.corrects,
    d.voucher_series AS series, d.voucher_number AS number, d.voucher_year AS year_id,
    coalesce(v.day, CASE WHEN y.year_id IS NULL THEN d.day END) AS voucher_day,
    v.day IS NOT NULL AS in_fortnox,
    d.voucher_year IS NOT NULL AND y.year_id IS NULL AS beyond,   -- in a year that was not read
    coalesce(v.rows_changed, false) AS rows_changed,
    CASE WHEN d.kind IN ('invoice', 'credit_invoice') AND d.fortnox_number IS NOT NULL
         THEN 'invoice ' || d.fortnox_number || ', ' ELSE '' END
        || coalesce('voucher ' || d.voucher_series || ' ' || d.voucher_number, d.document_id) AS label
FROM delivery.documents d
LEFT JOIN proof.fortnox_years y ON y.year_id = d.voucher_year
LEFT JOIN proof.fortnox_vouchers v
  ON v.year_id = d.voucher_year AND v.series = d.voucher_series AND v.number = d.voucher_number
WHERE len(d.entry_ids) > 0 OR d.corrects IS NOT NULL;

-- Fortnox's vouchers under the name of the document that made them, else under their own. A voucher that takes back öre
-- of an invoice's VAT has no entries of its own: it is judged together with the invoice that it corrects.
CREATE OR REPLACE TEMP TABLE vouchers AS
WITH labelled AS (
    SELECT
        v.*,
        'voucher ' || v.series || ' ' || coalesce(v.number::VARCHAR, '(no number)') || ' of '
            || CASE WHEN year(y.first_day) = year(y.last_day) THEN year(y.first_day)::VARCHAR
                    ELSE year(y.first_day) || '/' || year(y.last_day) END AS label,
        (SELECT string_agg(l.account || ' ' || l.amount, ', ' ORDER BY l.account, l.amount)
         FROM proof.fortnox_lines l
         WHERE l.year_id = v.year_id AND l.series = v.series AND l.number IS NOT DISTINCT FROM v.number) AS rows_of_it
    FROM proof.fortnox_vouchers v
    JOIN proof.fortnox_years y USING (year_id)
)
SELECT v.*, d.document_id IS NOT NULL AS ours, coalesce(d.corrects, d.document_id, v.label) AS unit
FROM labelled v
LEFT JOIN documents d ON d.year_id = v.year_id AND d.series = v.series AND d.number = v.number;

-- Entries that delivery knows of and has not written, with the reason; and those that the ledger itself holds.
CREATE OR REPLACE TEMP TABLE waiting_entries AS
SELECT unit, any_value(status) AS status, any_value(reason) AS reason, any_value(remedy) AS remedy
FROM (
    SELECT unnest(entry_ids) AS unit, status, reason, remedy FROM documents WHERE status <> 'done'
    UNION ALL
    SELECT entry_id, 'held', held, 'mend the reason and sync that day again' FROM ledger.entries WHERE held IS NOT NULL
)
GROUP BY unit;
