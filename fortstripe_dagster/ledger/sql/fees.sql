-- Stripe's fees, one row for each balance transaction and fee class. The class decides the VAT: fees on payments and
-- fees for software are judged apart (reference: bookkeeping, section 3). What a platform takes of a payment is no service
-- of Stripe's: its VAT stands on the platform's own invoice. Amounts are read, never computed from a tariff.
-- Nothing without: ledger.movements
CREATE OR REPLACE TABLE ledger.fees AS
WITH on_transactions AS (
    SELECT m.id, m.day, m.currency, m.sek_per_unit, m.fee, m.fee_details,
           unnest(CASE WHEN json_array_length(m.fee_details) > 0
                       THEN from_json(m.fee_details, '["JSON"]') ELSE ['{}'::JSON] END) AS detail
    FROM ledger.movements m
    WHERE m.fee <> 0
),
parts AS (
    SELECT id, day, currency, sek_per_unit,
           CASE WHEN json_extract_string(detail, '$.type') IN ('tax', 'withheld_tax') THEN 'tax'
                WHEN json_extract_string(detail, '$.type') = 'application_fee' THEN 'platform' ELSE 'processing' END AS class,
           coalesce(json_extract(detail, '$.amount')::BIGINT, fee) AS amount
    FROM on_transactions
),
standalone AS (
    SELECT m.id, m.day, m.currency, m.sek_per_unit,
           CASE WHEN EXISTS (SELECT 1 FROM ledger.software_fees f
                             WHERE contains(lower(coalesce(m.description, '')), f.pattern))
                THEN 'software' ELSE 'processing' END AS class,
           -m.amount AS amount
    FROM ledger.movements m
    WHERE m.treatment = 'fee'
)
SELECT
    entry_id, balance_transaction, day, currency, class,
    sum(amount)::BIGINT AS amount,
    to_ore(sum(amount)::BIGINT, currency, any_value(sek_per_unit)) AS amount_ore,
    CASE class
        WHEN 'tax' THEN account('suspense')
        WHEN 'platform' THEN coalesce(account('platform_fee'), account('suspense'))
        WHEN 'software' THEN
            account(CASE policy('software_fee_vat') WHEN 'exempt' THEN 'software_fee' ELSE 'software_fee_reverse_charge' END)
        ELSE
            account(CASE policy('processing_fee_vat') WHEN 'exempt' THEN 'processing_fee'
                    ELSE 'processing_fee_reverse_charge' END)
    END AS account,
    CASE class WHEN 'tax' THEN false WHEN 'platform' THEN false
               WHEN 'software' THEN policy('software_fee_vat') = 'reverse_charge'
               ELSE policy('processing_fee_vat') = 'reverse_charge' END AS reverse_charge
FROM (SELECT id || ':fee' AS entry_id, id AS balance_transaction, * EXCLUDE id FROM parts
      UNION ALL SELECT id, id, * EXCLUDE id FROM standalone)
GROUP BY entry_id, balance_transaction, day, currency, class
HAVING sum(amount) <> 0;
