-- Under the cash method (kontantmetoden) a sale is booked as it is paid, with its VAT: an entry for each payment and for
-- each settlement beside Stripe, in the payment's part of the whole. What is unpaid is in no book until the year ends.
-- A payment that fails takes its part back.
-- Nothing without: policy accounting_method = cash
-- Nothing without: ledger.sales
INSERT INTO ledger.postings BY NAME
WITH paid AS (
    SELECT entry_id, sale_id, day, settles AS amount FROM ledger.payments
    WHERE treatment IN ('payment', 'payment_failed') AND settles <> 0
    UNION ALL
    SELECT entry_id, sale_id, day, amount FROM ledger.settlements WHERE credit_id IS NULL
),
part AS (
    SELECT s.sale_id || ':sale:' || p.entry_id AS part_id, s.*, p.day, p.amount,
           sum(p.amount) OVER (PARTITION BY s.sale_id ORDER BY p.day, p.entry_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM paid p
    JOIN ledger.sales s ON s.sale_id = p.sale_id
    WHERE NOT s.before_start AND policy('accounting_method') = 'cash'
),
entry AS (
    -- A sale paid at once is the same entry as under the accrual method.
    SELECT CASE WHEN p.amount = p.gross THEN p.sale_id || ':sale' ELSE p.part_id END AS entry_id, p.day,
           CASE WHEN p.amount = p.gross THEN 'sale' ELSE 'cash_sale' END AS kind, p.sale_id AS source, p.charge,
           p.sale_id, p.currency AS settlement, p.text, p.held, p.currency, p.gross, p.upto, p.upto - p.amount AS before,
           p.gross_ore
    FROM part p
    JOIN ledger.covered_days c ON c.day = p.day
    QUALIFY row_number() OVER (PARTITION BY entry_id ORDER BY p.day, p.part_id) = 1
),
rows_paid AS (SELECT * FROM ledger.sale_rows WHERE sale_id IN (SELECT sale_id FROM entry)),
groups AS (
    SELECT sale_id, account, vat_rate, treatment, cost_center, project, rule, 2 AS line_no, sum(net_ore) AS ore
    FROM rows_paid GROUP BY ALL
    UNION ALL
    SELECT sale_id, vat_account, vat_rate, treatment, NULL, NULL, NULL, 3, sum(vat_ore)
    FROM rows_paid WHERE vat_rate > 0 GROUP BY ALL
    UNION ALL
    SELECT DISTINCT sale_id, account('suspense'), NULL, NULL, NULL, NULL, NULL, 2, gross_ore
    FROM entry WHERE sale_id NOT IN (SELECT sale_id FROM rows_paid)
),
run AS (
    -- Rounded on the sum of all groups so far: the parts of a payment add up to it, and the payments to the sale.
    SELECT *, sum(ore) OVER (PARTITION BY sale_id ORDER BY line_no, account, vat_rate, treatment, rule, cost_center, project
                             ROWS UNBOUNDED PRECEDING) AS through
    FROM groups
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('receivable') AS account,
           share(gross_ore, before, upto, gross) AS ore,
           upto - before AS amount, NULL AS vat_rate, NULL AS treatment, NULL AS cost_center, NULL AS project, NULL AS rule
    FROM entry
    UNION ALL
    SELECT e.entry_id, r.line_no, r.account,
           share(r.through - r.ore, e.before, e.upto, e.gross) - share(r.through, e.before, e.upto, e.gross),
           NULL, r.vat_rate, r.treatment, r.cost_center, r.project, r.rule
    FROM entry e JOIN run r USING (sale_id)
)
SELECT e.* EXCLUDE (gross, upto, before, gross_ore), l.* EXCLUDE entry_id
FROM entry e JOIN lines l USING (entry_id)
WHERE l.ore <> 0;
