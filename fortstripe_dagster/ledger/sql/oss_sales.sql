-- Distance sales of goods and electronic services to consumers in other EU countries: what `oss_turnover` adds up, in öre
-- without VAT.
-- Nothing without: ledger.vat_places WHERE region = 'EU'
CREATE OR REPLACE TABLE ledger.oss_sales AS
WITH abroad AS (
    SELECT sale_id, supply FROM ledger.vat_places
    WHERE region = 'EU' AND buyer IN ('consumer', 'unproven') AND supply IN ('goods', 'e-service')
),
without_vat AS (
    SELECT p.sale_id, p.supply,
           sum(i.gross - CASE WHEN i.tax_amount <> 0 THEN i.tax_amount ELSE vat_of_gross(i.gross, i.vat_rate) END)::BIGINT
               AS net
    FROM abroad p
    LEFT JOIN ledger.sale_items i ON i.sale_id = p.sale_id AND i.supply = p.supply AND NOT i.outside_vat
    GROUP BY p.sale_id, p.supply
)
SELECT
    p.sale_id, p.supply, u.event_day, year(u.event_day) AS year, u.moment,
    to_ore(p.net, u.currency, e.sek_per_unit) AS net_ore
FROM without_vat p
JOIN ledger.sale_units u USING (sale_id)
LEFT JOIN ledger.exchange_rates e ON e.currency = u.currency AND e.day IS NOT DISTINCT FROM rate_day(u.event_day, u.currency)
WHERE u.event_day IS NOT NULL;
