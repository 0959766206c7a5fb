-- Every line of the month's VAT return, with the Stripe objects behind it.
SELECT box, day, part, account, vat_rate, treatment, amount AS kronor, entry_id AS entry,
       coalesce(sale_id, '') AS sale, coalesce(credit_id, '') AS credit, coalesce(charge, '') AS charge,
       coalesce(customer, '') AS customer, coalesce(vat_number, '') AS vat_number, coalesce(held, '') AS held
FROM proof.vat_lines
WHERE in_month(day)
ORDER BY box, day, entry_id, line_no, part
