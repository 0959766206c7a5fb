-- One row for each entry: the contract with delivery and proof. `held` says why it must not be delivered yet, `alert` what
-- a person should look at although it is booked.
CREATE OR REPLACE TABLE ledger.entries AS
WITH alerts AS (
    SELECT id AS entry_id, alert FROM ledger.movements WHERE alert IS NOT NULL
    UNION ALL
    SELECT entry_id, 'Stripe charged tax on its fees: register the VAT number in Stripe''s tax settings'
    FROM ledger.fees WHERE class = 'tax'
    UNION ALL
    SELECT entry_id, 'a platform took a fee of a payment: choose accounts.platform_fee in fortstripe.toml'
    FROM ledger.fees WHERE class = 'platform' AND account('platform_fee') IS NULL
    UNION ALL
    SELECT p.entry_id, 'more was given back than was sold (' || c.credit_id || '): the rest stands as a debt to the customer'
    FROM ledger.payments p JOIN ledger.credits c USING (credit_id) WHERE c.excess > 0
    UNION ALL
    SELECT reversal || ':lost' || CASE WHEN credit_id <> reversal THEN ':' || sale_id ELSE '' END,
           'more was given back than was sold (' || credit_id || '): the rest stands as a debt to the customer'
    FROM ledger.credits WHERE kind = 'dispute' AND excess > 0
    UNION ALL
    SELECT sale_id || ':sale', review FROM ledger.sales WHERE review IS NOT NULL
    UNION ALL
    SELECT entry_id, text || ': ' || remedy FROM ledger.watchdogs
    UNION ALL
    SELECT sale_id || ':sale',
           'uncollectible since ' || any_value(day) || ': when the loss is confirmed, book it in Fortnox ('
               || string_agg(CASE WHEN ore > 0 THEN 'D ' ELSE 'K ' END || account || ' ' || kronor(abs(ore)), ', '
                             ORDER BY line_no)
               || ')'
    FROM ledger.bad_debts GROUP BY sale_id
),
said AS (SELECT entry_id, string_agg(alert, '; ' ORDER BY alert) AS alert FROM alerts GROUP BY entry_id),
headed AS (
    -- All postings of an entry say the same of it: the first one speaks for it, where there is one first.
    SELECT entry_id, day, kind, source, balance_transaction, charge, sale_id, credit_id, settlement, text, held
    FROM ledger.postings ANTI JOIN ledger.uneven_entries USING (entry_id)
    WHERE line_no = 1
    UNION ALL
    SELECT entry_id, any_value(day) AS day, any_value(kind) AS kind, any_value(source) AS source,
           any_value(balance_transaction) AS balance_transaction, any_value(charge) AS charge,
           any_value(sale_id) AS sale_id, any_value(credit_id) AS credit_id, any_value(settlement) AS settlement,
           any_value(text) AS text, any_value(held) AS held
    FROM ledger.postings SEMI JOIN ledger.uneven_entries USING (entry_id)
    GROUP BY entry_id
)
SELECT
    p.entry_id,
    p.day AS event_day,
    p.kind,
    p.source,
    p.balance_transaction,
    p.charge,
    p.sale_id,
    p.credit_id,
    p.settlement,
    p.text,
    p.held,
    a.alert,
    policy('rule_version') AS rule_version,
    policy('choices') AS choices
FROM headed p
LEFT JOIN said a ON a.entry_id = p.entry_id
ORDER BY p.day;
