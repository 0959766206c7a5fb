-- What a person may write off: the open receivable of a Stripe invoice that was marked uncollectible, in öre with debit
-- positive, its VAT apart by account. Proposals only: VAT falls when the loss is confirmed (konstaterad kundförlust), which
-- no mark in Stripe decides. The cash method has booked nothing that could be lost.
-- Nothing without: stripe.invoices WHERE status = 'uncollectible'
CREATE OR REPLACE TABLE ledger.bad_debts AS
WITH marked AS (
    SELECT id AS sale_id, local_day(coalesce(marked_uncollectible_at, finalized_at, created)) AS day
    FROM stripe.invoices WHERE status = 'uncollectible'
),
posted AS (
    SELECT m.sale_id, m.day, p.kind, p.account, p.ore
    FROM marked m JOIN ledger.postings p USING (sale_id)
),
open AS (
    SELECT sale_id, day, sum(ore) AS open_ore, sum(ore) FILTER (kind IN ('sale', 'credit')) AS standing_ore
    FROM posted WHERE account = account('receivable')
    GROUP BY sale_id, day
    HAVING sum(ore) > 0
),
vat AS (
    SELECT o.sale_id, p.account, round_div(-sum(p.ore)::HUGEINT * any_value(o.open_ore), any_value(o.standing_ore)) AS ore
    FROM open o
    JOIN posted p ON p.sale_id = o.sale_id AND p.kind IN ('sale', 'credit')
    WHERE p.account IN (SELECT vat_account FROM ledger.sale_rows r WHERE r.sale_id = o.sale_id AND r.vat_rate > 0)
    GROUP BY o.sale_id, p.account
),
lines AS (
    SELECT o.sale_id, o.day, account('bad_debt') AS account,
           o.open_ore - coalesce((SELECT sum(v.ore) FROM vat v WHERE v.sale_id = o.sale_id), 0) AS ore, 1 AS line_no
    FROM open o
    UNION ALL
    SELECT sale_id, o.day, v.account, v.ore, 2 FROM vat v JOIN open o USING (sale_id)
    UNION ALL
    SELECT sale_id, day, account('receivable'), -open_ore, 3 FROM open
)
SELECT sale_id, day, line_no, account, ore::BIGINT AS ore FROM lines WHERE ore <> 0;
