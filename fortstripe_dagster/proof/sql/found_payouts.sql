-- A foreign payout leaves at the rate of one day and comes back at another's.
-- Nothing without: own_accounts WHERE equation = '3b' AND currency <> 'SEK'
INSERT INTO found BY NAME
SELECT '3b' AS equation, o.currency, o.account, 'exchange difference' AS kind, o.account AS id, sum(s.amount) AS amount,
       'info' AS severity,
       'Account ' || o.account || ' stands at ' || said(sum(s.amount), 'SEK') || ' with nothing on its way in ' || o.currency
           || ': exchange differences of payouts that came back' AS text,
       'take it to 3960 or 7960 when the balances are revalued' AS remedy,
       choice('last')::DATE AS first_day, choice('last')::DATE AS last_day
FROM own_accounts o
JOIN ledger_side s ON s.account = o.account AND s.day <= choice('last')::DATE
WHERE o.equation = '3b' AND o.currency <> 'SEK'
  AND (SELECT coalesce(sum(left_side), 0) FROM sides
       WHERE equation = '3a' AND account = o.account AND day <= choice('last')::DATE) = 0
GROUP BY o.currency, o.account
HAVING sum(s.amount) <> 0;

-- Payouts on their way, each by name (3a), those that take too long, and payouts whose transactions do not add up (7).
INSERT INTO found BY NAME
WITH open_ones AS (
    SELECT unit, currency, account, sum(left_side) AS amount, min(day) AS created
    FROM sides WHERE equation = '3a' AND day <= choice('last')::DATE
    GROUP BY ALL
    HAVING sum(left_side) <> 0
),
judged AS (
    SELECT o.*, coalesce(p.status, t.status) AS status, coalesce(p.arrival_date, t.arrival_date) AS arrival,
           (SELECT count(*) FROM banking_days b
            WHERE b.day > coalesce(p.arrival_date, t.arrival_date) AND b.day <= choice('last')::DATE) AS banking_days_late,
           policy('bank_leg') = 'leave_to_bank_feed' AND coalesce(p.status, t.status) IN ('paid', 'succeeded')
               AS left_to_feed
    FROM open_ones o
    LEFT JOIN stripe.payouts p ON p.id = o.unit
    LEFT JOIN stripe.topups t ON t.id = o.unit
)
SELECT '3a' AS equation, currency, account,
       CASE WHEN left_to_feed THEN 'left to the bank feed' WHEN banking_days_late > 5 THEN 'overdue' ELSE 'on its way' END
           AS kind,
       unit AS id, amount,
       CASE kind WHEN 'overdue' THEN 'alarm' ELSE 'info' END AS severity,
       unit || ' of ' || created || ', ' || said(amount, currency) || ', ' || coalesce(status, 'unknown') || CASE kind
           WHEN 'left to the bank feed' THEN ': its arrival on ' || arrival || ' is booked by the bank feed'
           WHEN 'overdue' THEN ': expected on ' || arrival || ', ' || banking_days_late || ' banking days ago'
           ELSE coalesce(', expected on ' || arrival, '') END AS text,
       CASE kind WHEN 'overdue' THEN 'look for it on the bank statement, then ask Stripe with that id' ELSE '' END AS remedy,
       choice('last')::DATE AS first_day, choice('last')::DATE AS last_day
FROM judged;

-- Nothing without: spans WHERE equation = '7'
INSERT INTO found BY NAME
SELECT s.equation, s.currency, 'payout does not add up' AS kind, s.unit AS id, s.amount, s.amount AS difference,
       'alarm' AS severity,
       s.unit || ' pays ' || said(units(p.amount, p.currency), p.currency) || ', its ' || count(m.balance_transaction)
           || ' transactions add up to ' || said(units(p.amount, p.currency) - s.amount, p.currency)
           || coalesce('; not read: ' || string_agg(m.balance_transaction, ', ') FILTER (b.id IS NULL
                       AND m.balance_transaction IS NOT NULL), '') AS text,
       'sync the payout''s day again; if it stays, ask Stripe with that id' AS remedy,
       s.first_day
FROM spans s
JOIN stripe.payouts p ON p.id = s.unit
LEFT JOIN stripe.payout_members m ON m.payout = p.id
LEFT JOIN stripe.balance_transactions b ON b.id = m.balance_transaction
WHERE s.equation = '7'
GROUP BY s.equation, s.currency, s.unit, s.amount, s.first_day, p.amount, p.currency;
