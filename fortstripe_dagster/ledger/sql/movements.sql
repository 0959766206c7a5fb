-- Each balance transaction of a covered day with its treatment (data/movements.csv) and its amounts in öre at the
-- official rate of its local day. Joined from the transaction to its source, never the other way round.
CREATE OR REPLACE TABLE ledger.movements AS
WITH treated AS (
    SELECT b.*, m.treatment,
           row_number() OVER (PARTITION BY b.id ORDER BY m.reporting_category = '*') AS nth
    FROM stripe.balance_transactions b
    JOIN ledger.covered_days USING (day)
    LEFT JOIN ledger.movement_kinds m
      ON m.type = b.type AND m.reporting_category IN (b.reporting_category, '*')
)
SELECT
    t.id, t.created, t.day, t.type, t.reporting_category, t.balance_type, t.currency, t.amount, t.fee, t.net, t.source,
    t.description, t.fee_details,
    CASE
        WHEN t.treatment IN ('payment', 'payment_failed') AND c.id IS NULL THEN 'suspense'
        WHEN t.treatment IN ('refund', 'refund_failed', 'capture_reversal') AND r.id IS NULL THEN 'suspense'
        WHEN t.treatment IN ('dispute', 'dispute_won') AND d.id IS NULL THEN 'suspense'
        WHEN t.treatment IN ('payout', 'payout_failed') AND p.id IS NULL THEN 'suspense'
        ELSE coalesce(t.treatment, 'suspense')
    END AS treatment,
    CASE
        WHEN t.treatment IS NULL THEN 'unknown balance transaction type ' || t.type || ' / ' || t.reporting_category
        WHEN t.type = 'tax_fee' THEN 'Stripe charged tax on its fees: register the VAT number in Stripe''s tax settings'
        WHEN t.treatment = 'suspense' THEN t.type || ' ' || t.reporting_category || ' waits on the suspense account: '
            || coalesce(t.description, 'no description')
        WHEN coalesce(c.id, r.id, d.id, p.id) IS NULL AND t.treatment NOT IN ('fee', 'topup', 'topup_reversed')
            THEN 'the source ' || coalesce(t.source, '(none)') || ' of ' || t.id || ' was not found in Stripe'
    END AS alert,
    coalesce(c.id, r.charge, d.charge) AS charge,
    e.sek_per_unit,
    to_ore(t.amount, t.currency, e.sek_per_unit) AS amount_ore,
    to_ore(t.fee, t.currency, e.sek_per_unit) AS fee_ore
FROM treated t
LEFT JOIN stripe.charges c ON c.id = t.source
LEFT JOIN stripe.refunds r ON r.id = t.source
LEFT JOIN stripe.disputes d ON d.id = t.source
LEFT JOIN stripe.payouts p ON p.id = t.source
LEFT JOIN ledger.exchange_rates e ON e.currency = t.currency AND (e.day = t.day OR t.currency = 'SEK')
WHERE t.nth = 1;
