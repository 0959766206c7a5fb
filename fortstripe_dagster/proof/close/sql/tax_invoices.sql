-- The month's fees by currency beside what Stripe's tax invoices say, which a person reads off when filing them.
WITH charged AS (
    SELECT currency, units(sum(amount)::BIGINT, currency)::DECIMAL(18, 3) AS amount
    FROM ledger.fees WHERE in_month(day) GROUP BY currency
),
invoiced AS (
    SELECT currency, string_agg(name, ', ' ORDER BY name) AS name, sum(amount) AS amount
    FROM proof.attachments
    WHERE kind = 'stripe_tax_invoice' AND month = strftime(month_first(), '%Y-%m')
    GROUP BY currency
)
SELECT coalesce(c.currency, i.currency) AS currency, coalesce(i.name, '') AS name, coalesce(c.amount, 0) AS fees,
       i.amount::DECIMAL(18, 3) AS invoiced, (i.amount - coalesce(c.amount, 0))::DECIMAL(18, 3) AS difference
FROM charged c FULL JOIN invoiced i USING (currency)
ORDER BY 1
