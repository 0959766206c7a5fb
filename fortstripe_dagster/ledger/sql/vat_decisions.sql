-- The VAT decision for each kind of supply in a sale: the row of data/vat_treatments.csv that fits region, buyer, supply,
-- side of the One Stop Shop's threshold and day, and why a person must look at it first (`held`), if so. `exempt` are
-- rows without VAT of their own, which are another decision at home.
-- Nothing without: ledger.sale_items
CREATE OR REPLACE TABLE ledger.vat_decisions AS
WITH spelled_out AS (
    -- A star stands for every value; a row that names its buyer, or the exemption, goes before one that does not.
    SELECT t.* EXCLUDE (buyer, supply, oss), b.buyer, s.supply, e.exempt, o.oss
    FROM ledger.vat_treatments t,
    unnest(CASE t.buyer WHEN '*' THEN ['business', 'consumer', 'unproven', 'reverse'] ELSE [t.buyer] END) AS b(buyer),
    unnest(CASE WHEN t.supply IN ('*', 'exempt') THEN ['goods', 'e-service', 'other']
                ELSE [replace(t.supply, 'exempt ', '')] END) AS s(supply),
    unnest(CASE WHEN starts_with(t.supply, 'exempt') THEN [true] ELSE [true, false] END) AS e(exempt),
    unnest(CASE t.oss WHEN '*' THEN ['-', 'home', 'abroad'] ELSE [t.oss] END) AS o(oss)
    QUALIFY row_number() OVER (
        PARTITION BY t.region, b.buyer, s.supply, e.exempt, o.oss, t.valid_from
        ORDER BY t.buyer <> '*' DESC, starts_with(t.supply, 'exempt') DESC) = 1
),
asked AS (
    SELECT sale_id, supply, vat_rate = 0 AS exempt FROM ledger.sale_items WHERE NOT outside_vat GROUP BY ALL
),
placed AS (
    SELECT
        a.exempt, p.*, u.event_day, coalesce(o.side, '-') AS side, o.remedy,
        -- VAT that Stripe charged is owed as charged: Swedish VAT makes an untaxed sale abroad a Swedish one.
        CASE WHEN p.stripe_tax <> 0 AND p.tax_country = 'SE'
                  AND (p.region = 'outside EU' OR p.region = 'EU' AND p.buyer = 'business')
             THEN 'SE' ELSE p.region END AS taxed_region
    FROM asked a
    JOIN ledger.vat_places p USING (sale_id, supply)
    JOIN ledger.sale_units u USING (sale_id)
    LEFT JOIN ledger.oss_turnover o USING (sale_id, supply)
)
SELECT
    p.sale_id, p.supply, p.exempt, p.region, p.territory, p.tax_place, p.buyer, p.side, p.gross, p.stripe_tax,
    t.decision, t.treatment, t.rate, t.account, t.vat_account, t.vat_type, t.box,
    concat_ws('; ', t.review,
              CASE WHEN p.taxed_region <> p.region THEN 'Stripe charged Swedish VAT on a sale that needs none' END) AS review,
    CASE
        WHEN p.region = 'unknown' THEN 'the customer''s country is unknown, so its VAT is: set the address in Stripe'
        WHEN p.conflict IS NOT NULL THEN p.conflict || ': correct the one that is wrong in Stripe, or book it by hand'
        WHEN p.stripe_tax <> 0 AND p.tax_country <> 'SE' AND p.side = 'home'
            THEN 'Stripe charged VAT of ' || p.tax_country || ' (One Stop Shop), but the company is not registered for it: '
                 || 'set oss.status = "on", or correct the registrations of Stripe Tax'
        WHEN p.stripe_tax <> 0 AND p.tax_country <> 'SE' AND p.side = 'abroad'
             AND p.tax_country NOT IN (left(p.tax_place, 2), p.country)
            THEN 'Stripe charged VAT of ' || p.tax_country || ' on a sale to ' || p.country || ': correct it in Stripe'
        WHEN p.stripe_tax <> 0 AND p.tax_country = 'SE' AND p.side = 'abroad'
            THEN 'Stripe charged Swedish VAT on a sale that is taxed in ' || p.tax_place || ' (One Stop Shop): add that '
                 || 'registration in Stripe Tax and correct the invoice'
        WHEN p.side = 'undecided' THEN p.remedy
        WHEN p.stripe_tax <> 0 AND p.tax_country <> 'SE' AND p.side = '-'
            THEN 'Stripe charged tax of ' || p.tax_country || ', which no Swedish return takes up: book it by hand'
        WHEN t.treatment IS NULL THEN 'no rule says how this sale is taxed: book it by hand'
        WHEN t.treatment = 'se_reverse_charge' AND policy('domestic_reverse_charge') = 'hold'
            THEN 'Swedish reverse charge needs a review: check the sale, then set vat.domestic_reverse_charge = "book"'
    END AS held
FROM placed p
LEFT JOIN spelled_out t
    ON t.region = p.taxed_region AND t.buyer = p.buyer AND t.supply = p.supply AND t.exempt = p.exempt
    AND t.oss = CASE p.side WHEN 'undecided' THEN 'home' ELSE p.side END
    AND p.event_day BETWEEN t.valid_from AND t.valid_to;
