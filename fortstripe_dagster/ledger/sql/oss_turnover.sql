-- Distance sales of goods and electronic services to consumers in other EU countries, added up through each calendar
-- year in the order they happened, and on which side of the threshold each falls: taxed at home, abroad (from the very
-- sale that crosses it), or undecided while the company has not said what only it knows. Amounts are öre without VAT.
-- Nothing without: ledger.oss_sales
CREATE OR REPLACE TABLE ledger.oss_turnover AS
WITH years AS (
    SELECT DISTINCT year,
           coalesce(policy('oss_outside_ore:' || year), policy('oss_outside_ore'))::BIGINT AS outside_ore,
           coalesce(policy('oss_outside_ore:' || (year - 1)), policy('oss_outside_ore'))::BIGINT AS outside_before_ore,
           (SELECT coalesce(sum(b.net_ore), 0) FROM ledger.oss_sales b
            WHERE b.year = c.year - 1 AND b.event_day >= policy('start_date')::DATE) AS booked_before_ore
    FROM ledger.oss_sales c
),
running AS (
    SELECT
        c.*, y.outside_ore, (t.kronor * 100)::BIGINT AS threshold_ore,
        CASE WHEN c.year <= year(policy('start_date')::DATE) THEN policy('oss_previous_year_ore')::BIGINT
             ELSE y.booked_before_ore + y.outside_before_ore END AS year_before_ore,
        -- What lies before the books is in the company's own figure already.
        y.outside_ore + sum(CASE WHEN c.event_day >= policy('start_date')::DATE THEN c.net_ore ELSE 0 END)
            OVER (PARTITION BY c.year ORDER BY c.moment, c.sale_id, c.supply ROWS UNBOUNDED PRECEDING) AS upto_ore
    FROM ledger.oss_sales c
    JOIN years y USING (year)
    JOIN ledger.oss_thresholds t ON c.event_day BETWEEN t.valid_from AND t.valid_to
),
sided AS (
    SELECT
        *,
        CASE
            WHEN policy('oss_status') = 'on'
                 AND coalesce(event_day >= policy('oss_registered_from')::DATE, true) THEN 'abroad'
            WHEN policy('oss_status') IS NULL THEN 'undecided'
            WHEN year_before_ore > threshold_ore OR upto_ore > threshold_ore THEN 'abroad'
            WHEN year_before_ore IS NULL OR upto_ore IS NULL THEN 'undecided'
            ELSE 'home'
        END AS side
    FROM running
)
SELECT
    *,
    CASE
        WHEN side <> 'undecided' THEN NULL
        WHEN policy('oss_status') IS NULL
            THEN 'a sale to a consumer in another EU country: say oss.status = "off" or "on" in fortstripe.toml'
        WHEN year_before_ore IS NULL AND year <= year(policy('start_date')::DATE)
            THEN 'a sale to a consumer in another EU country: say oss.previous_year_turnover in fortstripe.toml'
        ELSE 'a sale to a consumer in another EU country: say what was sold elsewhere, oss.outside_stripe = "none" or '
             || 'the kronor of ' || CASE WHEN upto_ore IS NULL THEN year ELSE year - 1 END || ', in fortstripe.toml'
    END AS remedy
FROM sided;
