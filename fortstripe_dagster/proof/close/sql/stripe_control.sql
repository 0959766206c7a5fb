-- Stripe's own totals beside ours: its balance report where its key allows one, else its balance endpoint at the reading.
SELECT evidence, balance_type, coalesce(currency, '') AS currency, from_day, to_day,
       units(ours, currency)::DECIMAL(18, 3) AS ours, units(stripes, currency)::DECIMAL(18, 3) AS stripes,
       units(difference, currency)::DECIMAL(18, 3) AS difference, units(explained, currency)::DECIMAL(18, 3) AS explained,
       coalesce(note, '') AS remark
FROM stripe.control_totals
WHERE from_day <= month_last() AND to_day >= month_first()
QUALIFY row_number() OVER (PARTITION BY evidence, balance_type, currency
                           ORDER BY to_day >= month_last() DESC, checked_at DESC) = 1
ORDER BY evidence DESC, balance_type, currency
