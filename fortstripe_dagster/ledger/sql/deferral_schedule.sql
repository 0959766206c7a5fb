-- What each plan releases at the end of each month, signed öre: day by day, rounded on the sum so far. A release is in the
-- books once its day is over and covered; until then it is the plan. What earlier books released is not in it.
-- Nothing without: ledger.deferral_plans
CREATE OR REPLACE TABLE ledger.deferral_schedule AS
WITH months AS (
    SELECT sale_id, row_no, amount_ore, last_day,
           last_day(unnest(generate_series(date_trunc('month', event_day), date_trunc('month', last_day),
                                           INTERVAL 1 MONTH))::DATE) AS month_end
    FROM ledger.deferral_plans
),
-- Of several credits on one day the last one rules.
at_the_end_of_the_day AS (
    SELECT * FROM ledger.deferral_states
    QUALIFY row_number() OVER (PARTITION BY sale_id, row_no, day ORDER BY nth DESC) = 1
),
earned AS (
    SELECT m.sale_id, m.row_no, m.month_end, sign(m.amount_ore)::BIGINT
               * earned_by(m.month_end, s.since, m.last_day, s.earned, s.unearned) AS earned_ore
    FROM months m
    ASOF JOIN at_the_end_of_the_day s ON s.sale_id = m.sale_id AND s.row_no = m.row_no AND s.day <= m.month_end
),
released AS (
    SELECT sale_id, row_no, month_end,
           earned_ore - coalesce(lag(earned_ore) OVER (PARTITION BY sale_id, row_no ORDER BY month_end), 0) AS released_ore
    FROM earned
)
SELECT
    r.sale_id, r.row_no, r.month_end, r.released_ore,
    c.day IS NOT NULL AND r.month_end < policy('today')::DATE AS booked,
    r.sale_id || ':release:' || strftime(r.month_end, '%Y-%m') AS entry_id
FROM released r
LEFT JOIN ledger.covered_days c ON c.day = r.month_end
WHERE r.released_ore <> 0 AND r.month_end >= policy('start_date')::DATE;
