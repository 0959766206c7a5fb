-- What the company owes: advances, gift cards, debts to customers, income of coming periods, tips; opening to closing.
WITH owed AS (
    SELECT number AS account, string_agg(DISTINCT role, ', ' ORDER BY role) AS role
    FROM ledger.account_map
    WHERE role IN ('advances', 'gift_cards', 'customer_debt', 'customer_credit', 'deferred_revenue', 'tips_staff',
                   'connect_agent', 'reserve')
    GROUP BY 1
)
SELECT o.account, coalesce(n.name, '') AS name, o.role AS used_for,
       coalesce(sum(l.debit - l.credit) FILTER (l.event_day < month_first()), 0)::DECIMAL(18, 2) AS opening,
       coalesce(sum(l.debit) FILTER (in_month(l.event_day)), 0)::DECIMAL(18, 2) AS debits,
       coalesce(sum(l.credit) FILTER (in_month(l.event_day)), 0)::DECIMAL(18, 2) AS credits,
       coalesce(sum(l.debit - l.credit), 0)::DECIMAL(18, 2) AS closing
FROM owed o
LEFT JOIN ledger.lines l ON l.account = o.account AND l.event_day <= month_last()
LEFT JOIN account_names n ON n.account = o.account
GROUP BY o.account, n.name, o.role
ORDER BY o.account
