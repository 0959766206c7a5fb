-- Deferred income: D transfer / K deferred on the invoice date, and back when a month ends or a credit takes the plan back.
-- The transfer account has no VAT code: the sale and its VAT stand as they were booked.
-- Nothing without: ledger.deferral_plans
INSERT INTO ledger.postings BY NAME
WITH moved AS (
    SELECT p.sale_id || ':deferral' AS entry_id, p.event_day AS day, 'deferral' AS kind, p.sale_id AS source,
           NULL AS credit_id, 'Periodisering ' || p.number AS text, p, p.amount_ore AS ore
    FROM ledger.deferral_plans p
    WHERE NOT p.before_start
    UNION ALL
    SELECT s.entry_id, s.month_end, 'deferral_release', p.sale_id, NULL,
           'Intäkt ' || strftime(s.month_end, '%Y-%m') || ' av ' || p.number, p, -s.released_ore
    FROM ledger.deferral_schedule s
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
    WHERE s.booked
    UNION ALL
    SELECT s.credit_id || ':deferral', s.day, 'deferral_credit', s.credit_id, s.credit_id,
           'Ändrad periodisering ' || p.number, p, -s.taken * sign(p.amount_ore)::BIGINT
    FROM ledger.deferral_states s
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
    WHERE s.credit_id IS NOT NULL AND s.day >= policy('start_date')::DATE
),
lines AS (
    SELECT entry_id, day, kind, source, credit_id, text, p.sale_id, p.held, 1 AS line_no,
           account('deferral_transfer') AS account, sum(ore)::BIGINT AS ore, p.cost_center, p.project, p.rule
    FROM moved GROUP BY ALL
    UNION ALL
    SELECT entry_id, day, kind, source, credit_id, text, p.sale_id, p.held, 2,
           account('deferred_revenue'), -sum(ore)::BIGINT, NULL, NULL, NULL
    FROM moved GROUP BY ALL
)
SELECT *, 'SEK' AS settlement, 'SEK' AS currency FROM lines WHERE ore <> 0;
