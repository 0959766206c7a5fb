-- Stripe's fees of the month by class, in the currency that Stripe took them in and in kronor.
SELECT f.class, f.account, coalesce(n.name, '') AS name, f.reverse_charge, f.currency, count(*) AS movements,
       units(sum(f.amount)::BIGINT, f.currency)::DECIMAL(18, 3) AS amount, sum(kronor(f.amount_ore))::DECIMAL(18, 2) AS kronor
FROM ledger.fees f
LEFT JOIN account_names n USING (account)
WHERE in_month(f.day)
GROUP BY f.class, f.account, n.name, f.reverse_charge, f.currency
ORDER BY f.class, f.currency
