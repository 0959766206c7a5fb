-- The items behind advances, debts to customers and tips at the end of the month.
WITH open_items AS (
    SELECT l.account, coalesce(e.sale_id, e.charge, e.source, e.entry_id) AS item, any_value(e.sale_id) AS sale_id,
           min(l.event_day) AS since, max(l.event_day) AS last_moved, sum(l.credit - l.debit) AS kronor,
           any_value(e.charge) AS charge
    FROM ledger.lines l JOIN ledger.entries e USING (entry_id)
    WHERE l.account IN (FROM accounts_for('advances|customer_debt|customer_credit|tips_staff'))
      AND l.event_day <= month_last()
    GROUP BY 1, 2 HAVING sum(l.credit - l.debit) <> 0
)
SELECT o.account, o.item AS stripe, coalesce(p.name, c.billing_name, '') AS customer, o.since, o.last_moved,
       o.kronor::DECIMAL(18, 2) AS kronor
FROM open_items o
LEFT JOIN ledger.parties p USING (sale_id)
LEFT JOIN stripe.charges c ON c.id = o.charge
ORDER BY o.account, o.since, o.item
