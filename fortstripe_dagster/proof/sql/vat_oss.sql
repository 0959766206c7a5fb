-- The One Stop Shop's lines by country, rate and the quarter of the sale, in the currency it was sold in (millionths of a
-- unit): the law converts that by the rate of the period's last day, not by the rate of the sale.
SELECT
    left(v.tax_place, 2) AS country, v.vat_rate,
    CASE v.treatment WHEN 'oss_goods' THEN 'goods' ELSE 'services' END AS supply,
    CASE WHEN v.credit_id IS NOT NULL
          AND date_trunc('quarter', s.event_day) < date_trunc('quarter', getvariable('vat_first')::DATE)
         THEN year(s.event_day) || '-Q' || quarter(s.event_day) END AS corrects,
    CASE WHEN v.credit_id IS NOT NULL
          AND date_trunc('quarter', s.event_day) < date_trunc('quarter', getvariable('vat_first')::DATE)
         THEN (date_trunc('quarter', s.event_day) + INTERVAL 3 MONTH - INTERVAL 1 DAY)::DATE
         ELSE getvariable('vat_last')::DATE END AS rate_day,
    s.currency,
    sum(v.amount) FILTER (v.part = 'base') AS base,
    sum(v.amount) FILTER (v.part = 'vat') AS vat,
    sum(CASE WHEN v.part = 'base' THEN share END) AS base_millionths,
    sum(CASE WHEN v.part = 'vat' THEN share END) AS vat_millionths
FROM (
    SELECT l.*, CASE WHEN s.gross_ore = 0 THEN 0 ELSE
               (l.amount * 100)::HUGEINT * s.gross * CASE units.digits WHEN 0 THEN 1000000 WHEN 3 THEN 1000 ELSE 10000 END
               // s.gross_ore END AS share
    FROM proof.vat_lines l
    JOIN ledger.sales s USING (sale_id)
    LEFT JOIN ledger.currencies units USING (currency)
    WHERE l.box = 'OSS' AND l.held IS NULL AND l.day BETWEEN getvariable('vat_first') AND getvariable('vat_last')
) v
JOIN ledger.sales s USING (sale_id)
GROUP BY ALL
ORDER BY country, v.vat_rate, supply, corrects NULLS FIRST, s.currency;
