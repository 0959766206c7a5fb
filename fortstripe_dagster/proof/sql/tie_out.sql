-- The equations on each day, and each finding on each day that it lasts.
CREATE TABLE IF NOT EXISTS proof.tie_out (
    day DATE NOT NULL,
    equation VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    left_side DECIMAL(18, 3) NOT NULL,
    right_side DECIMAL(18, 3) NOT NULL,
    difference DECIMAL(18, 3) NOT NULL,
    explained DECIMAL(18, 3) NOT NULL,
    status VARCHAR NOT NULL            -- ok, explained, alarm
);
CREATE TABLE IF NOT EXISTS proof.items (
    day DATE NOT NULL,
    equation VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    amount DECIMAL(18, 3) NOT NULL,
    difference DECIMAL(18, 3) NOT NULL,
    severity VARCHAR NOT NULL,         -- alarm, waits, info
    text VARCHAR NOT NULL,
    remedy VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE
);

CREATE OR REPLACE TEMP TABLE days AS
SELECT unnest(generate_series(choice('first')::DATE, choice('last')::DATE, INTERVAL 1 DAY))::DATE AS day;

DELETE FROM proof.items WHERE equation = '4b' OR day IN (SELECT day FROM days);
INSERT INTO proof.items BY NAME
SELECT d.day, f.* FROM found f
JOIN days d ON f.equation <> '4b' AND d.day BETWEEN f.first_day AND coalesce(f.last_day, d.day)
UNION ALL BY NAME
SELECT f.first_day AS day, f.* FROM found f WHERE f.equation = '4b';

DELETE FROM proof.tie_out WHERE equation = '4b' OR day IN (SELECT day FROM days);
INSERT INTO proof.tie_out BY NAME
WITH daily AS (
    SELECT equation, balance_type, currency, account, day, sum(left_side) AS left_side, sum(right_side) AS right_side
    FROM sides GROUP BY ALL
),
groups AS (
    SELECT DISTINCT g.equation, g.balance_type, g.currency, g.account, d.day
    FROM daily g JOIN days d ON g.equation <> '4b' AND d.day >= g.day
    UNION
    SELECT equation, balance_type, currency, account, day FROM daily WHERE equation = '4b'
    UNION
    -- A finding shows in its equation even where the equation has no amounts.
    SELECT equation, balance_type, currency, account, day FROM proof.items SEMI JOIN days USING (day)
),
summed AS (
    SELECT g.day, g.equation, g.balance_type, g.currency, g.account,
           coalesce(sum(d.left_side), 0) AS left_side, coalesce(sum(d.right_side), 0) AS right_side
    FROM groups g
    LEFT JOIN daily d ON d.equation = g.equation AND d.balance_type = g.balance_type AND d.currency = g.currency
        AND d.account = g.account AND d.day <= g.day
    GROUP BY ALL
),
weighed AS (
    SELECT day, equation, balance_type, currency, account,
           sum(difference) FILTER (severity <> 'alarm') AS explained,
           count(*) FILTER (severity = 'alarm') AS alarms,
           count(*) FILTER (difference <> 0) AS parts
    FROM proof.items GROUP BY ALL
)
SELECT s.*, s.left_side - s.right_side AS difference, coalesce(w.explained, 0) AS explained,
       CASE WHEN w.alarms > 0 OR s.left_side - s.right_side <> coalesce(w.explained, 0) THEN 'alarm'
            WHEN w.parts > 0 THEN 'explained' ELSE 'ok' END AS status
FROM summed s
LEFT JOIN weighed w USING (day, equation, balance_type, currency, account)
ORDER BY day, equation, balance_type, currency, account;
