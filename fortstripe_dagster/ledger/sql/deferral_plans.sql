-- Invoice lines whose income is deferred (periodiserad), one plan each: the line's net amount over the days of its
-- service period. What ends within the month of its invoice is income of that month. Unused time that an upgrade gives
-- back is a line with a negative amount and a plan of its own, which takes the old plan's coming days back. An invoice from
-- before the books begin has its plan too where earlier books deferred it: from the start on it is released here.
-- Nothing without: ledger.sale_groups WHERE last_day IS NOT NULL
CREATE OR REPLACE TABLE ledger.deferral_plans AS
SELECT
    g.sale_id,
    g.group_no AS row_no,
    s.event_day,
    g.first_day,
    g.last_day,
    g.last_day - g.first_day + 1 AS days,
    g.group_ore - g.group_vat AS amount_ore,
    g.account, r.product, g.description, g.cost_center, g.project, g.rule,
    s.before_start,
    coalesce(s.held, CASE WHEN s.before_start AND policy('deferral_before_start') IS NULL
                          THEN 'its service period reaches past the start: say in fortstripe.toml whether earlier books deferred '
                               || 'such income, deferral_before_start = "deferred" or "income"' END) AS held,
    coalesce(s.number, s.sale_id) AS number
FROM ledger.sale_groups g
JOIN ledger.sale_rows r ON r.sale_id = g.sale_id AND r.row_no = g.group_no
JOIN ledger.sales s ON s.sale_id = g.sale_id
WHERE g.last_day > last_day(s.event_day)
  AND CASE WHEN s.before_start
           THEN g.last_day >= policy('start_date')::DATE AND coalesce(policy('deferral_before_start') <> 'income', true)
           ELSE s.event_day IN (SELECT day FROM ledger.covered_days) END
  -- Under the cash method income comes with each payment: only what one payment paid wholly can be put off.
  AND (policy('accounting_method') = 'accrual' OR s.gross < 0
       OR g.sale_id IN (SELECT p.sale_id FROM ledger.charge_sales p JOIN ledger.sales b USING (sale_id)
                        WHERE p.amount >= b.gross))
  AND abs(amount_ore) >= greatest(policy('deferral_from_ore')::BIGINT, 1);
