-- Stripe's clearing accounts (avräkning) from the opening to the closing balance of the month, by kind of movement.
WITH clearing AS (
    SELECT number AS account, split_part(role, ':', 2) AS currency FROM ledger.account_map WHERE role LIKE 'clearing:%'
),
moved AS (
    SELECT c.account, c.currency, CASE WHEN l.event_day < month_first() THEN 'opening_balance' ELSE e.kind END AS kind,
           units(coalesce(l.amount_currency, 0), c.currency) AS amount, l.debit - l.credit AS kronor
    FROM clearing c
    JOIN ledger.lines l USING (account)
    JOIN ledger.entries e USING (entry_id)
    WHERE l.event_day <= month_last()
)
SELECT account, currency, kind, count(*) AS movements, sum(amount)::DECIMAL(18, 3) AS amount,
       sum(kronor)::DECIMAL(18, 2) AS kronor
FROM moved
GROUP BY account, currency, kind
ORDER BY account, kind <> 'opening_balance', kind
