-- Foreign balances at the closing rate of the month's last day.
SELECT day, account, currency, units(amount, currency)::DECIMAL(18, 3) AS amount, sek_per_unit AS rate,
       kronor(value_ore) AS calculated, kronor(carried_ore) AS carried, kronor(revaluation_ore) AS kronor
FROM ledger.revaluations
WHERE in_month(day)
ORDER BY account
