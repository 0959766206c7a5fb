-- The items behind advances, debts to customers and tips at the end of the month: advances by sale, debts by customer.
WITH named AS (
    SELECT l.account, l.event_day, l.credit - l.debit AS kronor, e.sale_id, e.charge,
           coalesce(p.customer, c.customer) AS customer, coalesce(p.name, c.billing_name) AS name,
           coalesce(e.sale_id, e.charge, e.source, e.entry_id) AS sale
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    LEFT JOIN ledger.parties p USING (sale_id)
    LEFT JOIN stripe.charges c ON c.id = e.charge
    WHERE l.account IN (FROM accounts_for('advances|customer_debt|customer_credit|tips_staff'))
      AND l.event_day <= month_last()
),
items AS (
    SELECT *, CASE WHEN account IN (FROM accounts_for('customer_debt|customer_credit')) THEN coalesce(customer, sale)
                   ELSE sale END AS item
    FROM named
)
SELECT account, item AS stripe, coalesce(any_value(name), '') AS customer, min(event_day) AS since,
       max(event_day) AS last_moved, sum(kronor)::DECIMAL(18, 2) AS kronor
FROM items
GROUP BY account, item
HAVING sum(kronor) <> 0
ORDER BY account, since, item
