-- Documents that correct another: supplementary vouchers, reversals, and the öre of an invoice's VAT.
SELECT d.day, d.document_id AS document, d.kind,
       coalesce(d.corrects, regexp_extract(d.document_id, '^(.*?)(:reversal|:\d+)+$', 1)) AS corrects,
       coalesce(d.voucher_series || ' ' || d.voucher_number, d.fortnox_number, '') AS voucher, d.status,
       d.description AS text
FROM delivery.documents d
WHERE in_month(d.day) AND (d.corrects IS NOT NULL OR regexp_matches(d.document_id, '(:reversal|:\d+)$'))
ORDER BY d.day, d.document_id
