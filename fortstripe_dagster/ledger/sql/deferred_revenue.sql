-- Roll-forward of deferred income by month, sales account and product, in öre: opening + taken over from earlier books +
-- added - released - credited = closing, and the closing balances of a month add up to the account of deferred income.
-- `planned_ore` is what the month will release beyond what is booked, `outlook_ore` the balance after it.
-- Nothing without: ledger.deferral_plans
CREATE OR REPLACE TABLE ledger.deferred_revenue AS
WITH moves AS (
    SELECT p.account, p.product, last_day(p.event_day) AS month_end, 0 AS taken_over, p.amount_ore AS added, 0 AS released,
           0 AS credited, 0 AS planned
    FROM ledger.deferral_plans p
    WHERE NOT p.before_start
    UNION ALL
    SELECT p.account, p.product, last_day(policy('start_date')::DATE), o.ore, 0, 0, 0, 0
    FROM ledger.deferral_openings o
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
    UNION ALL
    SELECT p.account, p.product, last_day(s.day), 0, 0, 0, s.taken * sign(p.amount_ore)::BIGINT, 0
    FROM ledger.deferral_states s
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
    WHERE s.taken <> 0 AND s.day >= policy('start_date')::DATE
    UNION ALL
    SELECT p.account, p.product, s.month_end, 0, 0, CASE WHEN s.booked THEN s.released_ore ELSE 0 END, 0,
           CASE WHEN s.booked THEN 0 ELSE s.released_ore END
    FROM ledger.deferral_schedule s
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
),
months AS (
    SELECT account, product, last_day(unnest(generate_series(date_trunc('month', (SELECT min(month_end) FROM moves)),
                                                             date_trunc('month', (SELECT max(month_end) FROM moves)),
                                                             INTERVAL 1 MONTH))::DATE) AS month_end
    FROM (SELECT DISTINCT account, product FROM moves)
),
monthly AS (
    SELECT m.account, m.product, m.month_end, coalesce(sum(v.taken_over), 0)::BIGINT AS taken_over_ore,
           coalesce(sum(v.added), 0)::BIGINT AS added_ore,
           coalesce(sum(v.released), 0)::BIGINT AS released_ore, coalesce(sum(v.credited), 0)::BIGINT AS credited_ore,
           coalesce(sum(v.planned), 0)::BIGINT AS planned_ore
    FROM months m
    LEFT JOIN moves v
      ON v.account = m.account AND v.product IS NOT DISTINCT FROM m.product AND v.month_end = m.month_end
    GROUP BY m.account, m.product, m.month_end
)
SELECT
    month_end, account, product,
    (sum(taken_over_ore + added_ore - released_ore - credited_ore) OVER upto)::BIGINT
        - (taken_over_ore + added_ore - released_ore - credited_ore) AS opening_ore,
    taken_over_ore, added_ore, released_ore, credited_ore,
    opening_ore + taken_over_ore + added_ore - released_ore - credited_ore AS closing_ore,
    planned_ore,
    closing_ore - (sum(planned_ore) OVER upto)::BIGINT AS outlook_ore
FROM monthly
WINDOW upto AS (PARTITION BY account, product ORDER BY month_end ROWS UNBOUNDED PRECEDING)
ORDER BY month_end, account, product;
