-- The reduced VAT rates of other EU countries that the company has given, by VAT class or by the rule that decides a row.
CREATE OR REPLACE TABLE ledger.company_rates AS
SELECT r.country AS tax_place, r.vat_class, r.rule, r.rate::DECIMAL(5, 2) AS percent, r.valid_from,
       coalesce(r.valid_to, DATE '9999-12-31') AS valid_to
FROM (
    SELECT unnest(from_json(coalesce(policy('vat_rates'), '[]'), '[{
        "country": "VARCHAR", "vat_class": "VARCHAR", "rule": "VARCHAR", "rate": "VARCHAR",
        "valid_from": "DATE", "valid_to": "DATE"
    }]')) AS r
);
