-- The days for which an invoice line is paid, where its income is deferred: both ends included, local. Stripe's period
-- ends at the moment when the next one begins; merchants' own lines often end a second before midnight instead, which
-- the added minute undoes. A line that is not for a period starts and ends at the same moment.
-- Nothing without: policy deferral = voucher
-- Nothing without: stripe.invoice_lines
CREATE OR REPLACE TABLE ledger.service_periods AS
SELECT
    invoice AS sale_id,
    position AS row_no,
    local_day(period_start + INTERVAL 1 MINUTE) AS first_day,
    local_day(period_end + INTERVAL 1 MINUTE) - 1 AS last_day
FROM stripe.invoice_lines
WHERE policy('deferral') = 'voucher'
  AND last_day - first_day + 1 >= greatest(policy('deferral_from_days')::INTEGER, 1)
  AND NOT EXISTS (SELECT 1 FROM ledger.row_rules k
                  WHERE k.sale_id = invoice AND k.row_no = position AND k.kind IN ('gift_card_multi', 'tip'));
