-- What of each plan from before the books begin is not yet income then, signed öre: less what the month ends before the
-- start have released and earlier credits have taken.
-- Nothing without: ledger.deferral_plans
CREATE OR REPLACE TABLE ledger.deferral_openings AS
WITH month_before AS (SELECT date_trunc('month', policy('start_date')::DATE)::DATE - 1 AS month_end),
standing AS (
    SELECT s.*, sum(s.taken) OVER (PARTITION BY s.sale_id, s.row_no) AS taken_so_far
    FROM ledger.deferral_states s
    WHERE s.day < policy('start_date')::DATE
    QUALIFY row_number() OVER (PARTITION BY s.sale_id, s.row_no ORDER BY s.nth DESC) = 1
)
SELECT p.sale_id, p.row_no,
       sign(p.amount_ore)::BIGINT
           * (abs(p.amount_ore) - s.taken_so_far
              - CASE WHEN m.month_end >= greatest(s.since, p.event_day)
                     THEN earned_by(m.month_end, s.since, p.last_day, s.earned, s.unearned) ELSE s.released END)::BIGINT AS ore
FROM ledger.deferral_plans p
JOIN standing s USING (sale_id, row_no), month_before m
WHERE p.before_start AND ore <> 0;
