-- The period's boxes from both sides, document by document and account by account: what the ledger says, and what Fortnox
-- has on its accounts. Kronor, debit positive. A box follows from the treatment here and from the account's VAT code there.
CREATE OR REPLACE TEMP TABLE vat_coded AS
SELECT year_id, account, vat_code, CASE WHEN box <> '49' THEN box END AS box, vat_code <> '' AND box IS NULL AS unknown
FROM proof.fortnox_vat_codes;

CREATE OR REPLACE TEMP TABLE vat_scope AS
SELECT DISTINCT account FROM vat_coded WHERE box IS NOT NULL
UNION
SELECT DISTINCT account FROM proof.vat_lines
WHERE NOT computed AND box <> '?' AND day BETWEEN getvariable('vat_first') AND getvariable('vat_last');

CREATE OR REPLACE TEMP TABLE vat_documents AS
SELECT d.document_id, d.kind, d.corrects, d.voucher_series AS series, d.voucher_number AS number,
       d.voucher_year AS year_id, v.day,
       CASE WHEN d.kind IN ('invoice', 'credit_invoice') AND d.fortnox_number IS NOT NULL
            THEN 'invoice ' || d.fortnox_number || ', ' ELSE '' END
           || 'voucher ' || d.voucher_series || ' ' || d.voucher_number AS label
FROM delivery.documents d
LEFT JOIN proof.fortnox_vouchers v
  ON v.year_id = d.voucher_year AND v.series = d.voucher_series AND v.number = d.voucher_number
WHERE d.status = 'done' AND d.voucher_number IS NOT NULL;

CREATE OR REPLACE TEMP TABLE vat_ours AS
WITH in_documents AS (
    SELECT l.document_id AS unit, l.entry_id, coalesce(e.event_day, l.day) AS day, l.account,
           sum(l.debit - l.credit) AS amount
    FROM delivery.document_lines l
    JOIN vat_documents USING (document_id)
    LEFT JOIN ledger.entries e USING (entry_id)
    GROUP BY ALL
),
in_ledger AS (
    SELECT l.entry_id, l.event_day AS day, l.account, sum(l.debit - l.credit) AS amount
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE e.held IS NULL
    GROUP BY ALL
),
everything AS (
    SELECT unit, day, account, amount FROM in_documents
    UNION ALL
    SELECT 'entry:' || entry_id, day, account, sum(amount)
    FROM (SELECT entry_id, day, account, amount FROM in_ledger
          UNION ALL SELECT entry_id, day, account, -amount FROM in_documents)
    GROUP BY entry_id, day, account HAVING sum(amount) <> 0
)
SELECT unit, account, sum(amount) AS amount
FROM everything
WHERE day BETWEEN getvariable('vat_first') AND getvariable('vat_last') AND account IN (FROM vat_scope)
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE vat_theirs AS
SELECT coalesce(d.corrects, d.document_id,
                'voucher ' || v.series || ' ' || coalesce(v.number::VARCHAR, '(no number)') || ' of ' || v.day) AS unit,
       d.document_id IS NOT NULL AS ours, l.account, coalesce(c.vat_code, '') AS vat_code, c.box, sum(l.amount) AS amount
FROM proof.fortnox_lines l
JOIN proof.fortnox_vouchers v
  ON v.year_id = l.year_id AND v.series = l.series AND v.number IS NOT DISTINCT FROM l.number
LEFT JOIN vat_documents d ON d.year_id = v.year_id AND d.series = v.series AND d.number = v.number
LEFT JOIN vat_coded c ON c.year_id = l.year_id AND c.account = l.account
WHERE v.day BETWEEN getvariable('vat_first') AND getvariable('vat_last') AND l.account IN (FROM vat_scope)
GROUP BY ALL;
