-- Names for differences between Stripe and the ledger (1, 3a, 4a) and with Stripe's own balance (4b).
-- Nothing without: spans WHERE equation IN ('1', '3a', '4a')
INSERT INTO found BY NAME
WITH named AS (
    SELECT s.*,
           b.type || ' ' || s.unit || coalesce(' (' || b.source || ')', '') AS transaction,
           EXISTS (SELECT 1 FROM ledger.entries e
                   WHERE s.unit IN (e.balance_transaction, e.source, e.entry_id)) AS in_ledger,
           b.id IS NOT NULL OR s.unit IN (SELECT id FROM stripe.payouts) OR s.unit IN (SELECT id FROM stripe.topups)
               OR starts_with(s.unit, 'opening:') AS in_stripe,
           s.first_day IN (SELECT day FROM ledger.covered_days) AS covered
    FROM spans s
    LEFT JOIN stripe.balance_transactions b ON b.id = s.unit
    WHERE s.equation IN ('1', '3a', '4a')
)
SELECT
    equation, balance_type, currency, account, unit AS id, amount, amount AS difference, first_day, last_day,
    CASE WHEN settles THEN 'other day' WHEN NOT covered THEN 'not synced' WHEN NOT in_ledger THEN 'not in the ledger'
         WHEN NOT in_stripe THEN 'not in Stripe' ELSE 'other amount' END AS kind,
    CASE kind WHEN 'not synced' THEN CASE WHEN first_day BETWEEN choice('first')::DATE AND choice('last')::DATE
                                          THEN 'alarm' ELSE 'waits' END
              ELSE 'alarm' END AS severity,
    coalesce(transaction, unit) || CASE kind
        WHEN 'other day' THEN ' stands in the ledger on another day than at Stripe'
        WHEN 'not synced' THEN ' of ' || first_day || ' is at Stripe, but that day has not been synced'
        WHEN 'not in the ledger' THEN ' of ' || first_day || ' is at Stripe and not in the ledger'
        WHEN 'not in Stripe' THEN ' stands in the ledger and not at Stripe'
        ELSE ' differs: Stripe has ' || said(amount, currency) || ' more than the ledger' END AS text,
    CASE kind WHEN 'not synced' THEN 'run fortstripe sync --from ' || first_day || ' --to ' || first_day
              ELSE 'rebuild the ledger with fortstripe sync of that day; if it stays, report it with that id' END AS remedy
FROM named;

-- Nothing without: spans WHERE equation = '4b'
INSERT INTO found BY NAME
SELECT s.equation, s.balance_type, s.currency, 'balance' AS kind, s.balance_type || ' ' || s.currency AS id, s.amount,
       s.amount AS difference, CASE WHEN r.reached THEN 'alarm' ELSE 'waits' END AS severity,
       'Stripe''s balance read at ' || strftime(r.read_at AT TIME ZONE 'Europe/Stockholm', '%Y-%m-%d %H:%M') || ' is '
           || said(r.stripe_says, s.currency) || ', ' || said(s.amount, s.currency)
           || ' more than opening balance and transactions add up to' AS text,
       CASE WHEN r.reached
            THEN 'sync the last days again: a transaction is missing, or the opening balance came from an incomplete list'
            ELSE 'sync again: money may have moved while the balance was read' END AS remedy,
       s.first_day
FROM spans s
JOIN readings r USING (balance_type, currency)
WHERE s.equation = '4b';
