-- Each balance transaction of a covered day with its treatment (data/movements.csv), the account that it stands against
-- (data/movement_accounts.csv) and its amounts in öre at the official rate of its local day. Joined from the transaction
-- to its source, never the other way round.
-- Nothing without: stripe.balance_transactions
CREATE OR REPLACE TABLE ledger.movements AS
WITH kinds AS (
    -- The kinds that occur are few: each is looked up once, and the row that names more of it goes first.
    SELECT k.type, k.reporting_category, m.treatment AS known, m.note
    FROM (SELECT DISTINCT type, reporting_category FROM stripe.balance_transactions) k
    LEFT JOIN ledger.movement_kinds m
      ON m.type IN (k.type, '*') AND m.reporting_category IN (k.reporting_category, '*')
    QUALIFY row_number() OVER (PARTITION BY k.type, k.reporting_category
                               ORDER BY m.type = '*', m.reporting_category = '*') = 1
),
matched AS (
    SELECT b.*, k.known, k.note
    FROM stripe.balance_transactions b
    JOIN ledger.covered_days USING (day)
    JOIN kinds k ON k.type = b.type AND k.reporting_category IS NOT DISTINCT FROM b.reporting_category
),
sourced AS (
    SELECT
        t.*, coalesce(c.id, r.charge, d.charge) AS charge,
        CASE
            WHEN t.known IN ('payment', 'payment_failed') THEN c.id IS NULL
            WHEN t.known IN ('refund', 'refund_failed', 'capture_reversal') THEN r.id IS NULL
            WHEN t.known IN ('dispute', 'dispute_won') THEN d.id IS NULL
            WHEN t.known IN ('payout', 'payout_failed') THEN p.id IS NULL
            ELSE false
        END AS orphan
    FROM matched t
    LEFT JOIN stripe.charges c ON c.id = t.source
    LEFT JOIN stripe.refunds r ON r.id = t.source
    LEFT JOIN stripe.disputes d ON d.id = t.source
    LEFT JOIN stripe.payouts p ON p.id = t.source
),
treated AS (
    SELECT *,
           CASE WHEN orphan OR known IS NULL THEN 'suspense'
                -- Money of a refund comes back: whatever the type is called, that refund failed.
                WHEN known = 'refund' AND amount > 0 THEN 'refund_failed'
                ELSE known END AS treatment
    FROM sourced
)
SELECT
    t.id, t.created, t.day, t.type, t.reporting_category, t.balance_type, t.currency, t.amount, t.fee, t.net, t.source,
    t.description, t.fee_details, t.treatment, t.charge,
    -- A role that the company may leave open falls back on suspense; any other without an account stops the build.
    CASE WHEN a.unchosen IS NULL THEN m.number ELSE coalesce(m.number, account('suspense')) END AS counter,
    CASE
        WHEN t.known IS NULL THEN 'unknown balance transaction type ' || t.type || ' / ' || t.reporting_category
        WHEN t.orphan THEN 'the source ' || coalesce(t.source, '(none)') || ' of ' || t.id || ' was not found in Stripe'
        WHEN t.treatment = 'suspense' OR (a.unchosen = 'suspense' AND m.number IS NULL)
            THEN t.type || ' ' || t.reporting_category || ' waits on the suspense account: ' || t.note
                 || CASE a.unchosen WHEN 'suspense' THEN ' (choose accounts.' || a.role || ')' ELSE '' END
                 || '; ' || coalesce(t.description, 'no description')
        WHEN t.treatment = 'customer_funds' THEN t.note || ': ' || coalesce(t.source, t.id)
    END AS alert,
    CASE
        WHEN a.unchosen = 'hold' AND policy('connect') IS NULL
            THEN 'Stripe Connect: choose connect = "agent" or "principal" in fortstripe.toml'
        WHEN t.treatment IN ('commission', 'commission_refund') AND policy('commission_vat_rate') IS NULL
            THEN 'own commission: choose commission_vat_rate in fortstripe.toml'
        WHEN t.treatment IN ('seller_paid', 'seller_repaid') AND m.number IS NULL
            THEN 'Stripe Connect as principal: choose accounts.connect_principal in fortstripe.toml'
    END AS held,
    e.sek_per_unit,
    to_ore(t.amount, t.currency, e.sek_per_unit) AS amount_ore,
    to_ore(t.fee, t.currency, e.sek_per_unit) AS fee_ore
FROM treated t
LEFT JOIN ledger.movement_accounts a ON a.treatment = t.treatment
LEFT JOIN ledger.account_map m
  ON m.role = replace(replace(a.role, '{currency}', t.currency), '{connect}', coalesce(policy('connect'), ''))
LEFT JOIN ledger.exchange_rates e ON e.currency = t.currency AND e.day IS NOT DISTINCT FROM rate_day(t.day, t.currency);
