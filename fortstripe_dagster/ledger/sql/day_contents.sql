-- What each day holds that may reach Fortnox, as one number: entries, lines, and the buyers and rows of its sales.
-- Adding the parts' hashes up needs no order; md5 outlives an upgrade of DuckDB, `hash` might not.
WITH sales_of_days AS (
    SELECT DISTINCT event_day, sale_id FROM ledger.entries WHERE sale_id IS NOT NULL
),
parts AS (
    SELECT e.event_day, to_json(e)::VARCHAR AS part
    FROM (SELECT COLUMNS(name -> name NOT IN ('alert', 'rule_version', 'choices')) FROM ledger.entries) AS e
    UNION ALL SELECT l.event_day, to_json(l)::VARCHAR FROM ledger.lines AS l
    UNION ALL SELECT d.event_day, to_json(p)::VARCHAR FROM sales_of_days AS d JOIN ledger.parties AS p USING (sale_id)
    UNION ALL SELECT d.event_day, to_json(r)::VARCHAR FROM sales_of_days AS d JOIN ledger.sale_rows AS r USING (sale_id)
)
SELECT event_day AS day, sum((md5_number(part) % 18446744073709551616::UHUGEINT)::HUGEINT)::VARCHAR AS content
FROM parts WHERE event_day IS NOT NULL GROUP BY event_day
