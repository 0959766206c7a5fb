-- Each plan as it stands after each of its credits (`nth` = 0: before the first), in öre without the plan's sign. A
-- credit takes from what is not yet earned on its day, and the rest is spread over the days that remain. One that takes
-- all of that, or more, ends the plan: what is left on the account of deferred income is released the same day (`taken`).
-- Nothing without: ledger.deferral_plans
CREATE OR REPLACE TABLE ledger.deferral_states AS
WITH RECURSIVE credited AS (
    SELECT p.sale_id, p.row_no, c.credit_id, greatest(c.event_day, p.event_day) AS day,
           r.net_ore * sign(p.amount_ore)::BIGINT AS credited,
           p.event_day, p.first_day, p.last_day,
           row_number() OVER (PARTITION BY p.sale_id, p.row_no ORDER BY c.event_day, c.ordered_by, c.credit_id) AS nth
    FROM ledger.deferral_plans p
    JOIN ledger.credit_rows r ON r.sale_id = p.sale_id AND r.group_no = p.row_no
    JOIN ledger.credits c ON c.credit_id = r.credit_id
    WHERE c.event_day IN (SELECT day FROM ledger.covered_days) OR p.before_start AND c.event_day < policy('start_date')::DATE
),
states AS (
    SELECT sale_id, row_no, 0::BIGINT AS nth, NULL::VARCHAR AS credit_id, event_day AS day, first_day - 1 AS since,
           0::BIGINT AS earned, abs(amount_ore)::BIGINT AS unearned, 0::BIGINT AS released, 0::BIGINT AS taken
    FROM ledger.deferral_plans
    UNION ALL
    SELECT sale_id, row_no, nth, credit_id, day, greatest(day, first_day - 1),
           CASE WHEN ends THEN released_now ELSE earned_now END,
           CASE WHEN ends THEN 0 ELSE total - earned_now - credited END,
           released_now,
           CASE WHEN ends THEN total - released_now ELSE credited END
    FROM (
        SELECT c.*, s.earned + s.unearned AS total,
               earned_by(c.day, s.since, c.last_day, s.earned, s.unearned) AS earned_now,
               -- What the month ends before this credit have released.
               CASE WHEN date_trunc('month', c.day)::DATE - 1 >= greatest(s.since, c.event_day)
                    THEN earned_by(date_trunc('month', c.day)::DATE - 1, s.since, c.last_day, s.earned, s.unearned)
                    ELSE s.released END AS released_now,
               c.credited >= total - earned_now AS ends
        FROM states s
        JOIN credited c ON c.sale_id = s.sale_id AND c.row_no = s.row_no AND c.nth = s.nth + 1
    )
)
SELECT * FROM states;
