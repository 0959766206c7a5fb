-- What each account is used for, with its balance when the month ended.
SELECT m.number AS account, coalesce(n.name, '') AS name, m.role AS used_for,
       coalesce((SELECT sum(debit - credit) FROM ledger.lines l WHERE l.account = m.number AND l.event_day <= month_last()), 0)
           ::DECIMAL(18, 2) AS closing
FROM ledger.account_map m
LEFT JOIN account_names n ON n.account = m.number
ORDER BY m.number, m.role
