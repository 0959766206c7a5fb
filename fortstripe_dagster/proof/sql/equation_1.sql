-- 1: opening balance + sum of net of Stripe's balance transactions = ledger clearing, in the balance's own currency.
INSERT INTO sides BY NAME
SELECT '1' AS equation, balance_type, currency, coalesce(account('clearing:' || currency), '') AS account,
       id AS unit, day, units(net, currency) AS left_side
FROM stripe.balance_transactions
WHERE day >= start_date() AND net <> 0
UNION ALL BY NAME
SELECT '1' AS equation, balance_type, currency, coalesce(account('clearing:' || currency), '') AS account,
       'opening:' || currency || ':' || balance_type AS unit, start_date() AS day, units(opening, currency) AS left_side
FROM stripe.opening_balances
WHERE opening <> 0;

INSERT INTO sides BY NAME
SELECT
    '1' AS equation,
    coalesce(b.balance_type, CASE e.kind WHEN 'opening' THEN split_part(e.entry_id, ':', 3) ELSE 'payments' END)
        AS balance_type,
    l.currency,
    l.account,
    coalesce(e.balance_transaction, e.entry_id) AS unit,
    l.event_day AS day,
    units(l.amount_currency, l.currency) AS right_side
FROM ledger.lines l
JOIN ledger.entries e USING (entry_id)
LEFT JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
WHERE l.account = account('clearing:' || l.currency);
