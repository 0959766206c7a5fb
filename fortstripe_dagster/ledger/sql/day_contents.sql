-- What each day holds that may reach Fortnox, as one number: entries, lines, and the buyers and rows of its sales.
-- Adding the parts' hashes up needs no order. Another version of DuckDB may hash otherwise, so its name goes with it.
WITH sales_of_days AS (
    SELECT DISTINCT event_day, sale_id FROM ledger.entries
    WHERE kind IN ('sale', 'cash_sale', 'sale_credit', 'credit') AND event_day IN (FROM looked_at)
),
parts AS (
    SELECT event_day, hash(e) AS part
    FROM (SELECT COLUMNS(name -> name NOT IN ('alert', 'rule_version', 'choices')) FROM ledger.entries) AS e
    WHERE event_day IN (FROM looked_at)
    UNION ALL SELECT event_day, hash(l) FROM ledger.lines AS l WHERE event_day IN (FROM looked_at)
    UNION ALL SELECT d.event_day, hash(p) FROM sales_of_days AS d JOIN ledger.parties AS p USING (sale_id)
    UNION ALL SELECT d.event_day, hash(r) FROM sales_of_days AS d JOIN ledger.sale_rows AS r USING (sale_id)
)
SELECT event_day AS day, version() || ':' || sum(part::HUGEINT)::VARCHAR AS content
FROM parts WHERE event_day IS NOT NULL GROUP BY event_day
