-- Documents that are booked on another day than they happened: their own was closed.
SELECT d.day, v.day AS booked_on, d.document_id AS document, d.kind, v.series || ' ' || v.number AS voucher,
       d.description AS text
FROM delivery.documents d
JOIN proof.fortnox_vouchers v
  ON v.year_id = d.voucher_year AND v.series = d.voucher_series AND v.number = d.voucher_number
WHERE v.day <> d.day AND (in_month(d.day) OR in_month(v.day))
ORDER BY d.day, d.document_id
