-- Where each kind of supply in a sale is taxed, and to whom it is sold: region, territory, country of the tax, and
-- whether the buyer counts as a business there. Goods are taxed where they are sent, services where the buyer is.
-- Nothing without: ledger.sale_items
CREATE OR REPLACE TABLE ledger.vat_places AS
WITH supplied AS (
    SELECT
        sale_id, supply, sum(gross) AS gross,
        sum(coalesce(tax_amount, 0)) AS stripe_tax,
        max(CASE WHEN tax_amount <> 0 THEN tax_country END) AS tax_country,
        bool_or(coalesce(taxability_reason = 'reverse_charge', false)) AS reverse_charged
    FROM ledger.sale_items
    -- A commission is sold to the seller, not to the buyer: where that is, is no question here.
    WHERE NOT outside_vat AND kind IS DISTINCT FROM 'commission'
    GROUP BY sale_id, supply
),
sent AS (
    SELECT
        s.*, p.vat_number, p.vat_number_type, p.vat_number_status, p.tax_exempt, p.other_country, p.card_country,
        p.country AS buyer_country,
        s.supply = 'goods' AND p.ship_to_country IS NOT NULL AS shipped,
        CASE WHEN shipped THEN p.ship_to_country ELSE p.country END AS country,
        CASE WHEN shipped THEN p.ship_to_postal_code ELSE p.postal_code END AS postal_code
    FROM supplied s
    JOIN ledger.parties p USING (sale_id)
),
spelled AS (
    -- As it is matched: capitals and digits alone, without the country in front.
    SELECT sale_id, supply, country, regexp_replace(upper(postal_code), '[^A-Z0-9]', '', 'g') AS code,
           CASE WHEN starts_with(code, country) AND substr(code, length(country) + 1, 1) BETWEEN '0' AND '9'
                THEN substr(code, length(country) + 1) ELSE code END AS postal_code
    FROM sent
    WHERE country IN (SELECT country FROM ledger.territories)
),
matched AS (
    SELECT s.sale_id, s.supply, t.territory, t.goods_region, t.services_region, t.tax_place
    FROM spelled s
    JOIN ledger.territories t ON t.country = s.country
    WHERE regexp_matches(s.postal_code, t.postal_pattern)
),
located AS (
    SELECT
        s.*, t.territory,
        CASE
            WHEN s.country IS NULL THEN 'unknown'
            WHEN t.territory IS NOT NULL THEN CASE WHEN s.supply = 'goods' THEN t.goods_region ELSE t.services_region END
            WHEN eu.tax_country = 'SE' THEN 'SE'
            WHEN eu.country IS NOT NULL THEN 'EU'
            ELSE 'outside EU'
        END AS region,
        coalesce(t.tax_place, eu.tax_country) AS tax_place
    FROM sent s
    LEFT JOIN ledger.eu_countries eu ON eu.country = s.country
    LEFT JOIN matched t USING (sale_id, supply)
)
SELECT
    sale_id, supply, gross, stripe_tax, tax_country, country, territory, region, tax_place, vat_number, vat_number_status,
    CASE
        WHEN region = 'SE' THEN
            CASE WHEN vat_number IS NULL THEN 'consumer'
                 WHEN (tax_exempt = 'reverse' OR reverse_charged) AND stripe_tax = 0 THEN 'reverse'
                 ELSE 'business' END
        WHEN region = 'EU' THEN
            CASE WHEN vat_number IS NULL THEN CASE WHEN tax_exempt = 'reverse' THEN 'unproven' ELSE 'consumer' END
                 WHEN vat_number_type = 'eu_vat' AND vat_number NOT LIKE 'SE%'
                      AND (vat_number_status = 'verified' OR tax_exempt = 'reverse') THEN 'business'
                 ELSE 'unproven' END
        WHEN vat_number IS NULL THEN 'consumer'
        ELSE 'business'
    END AS buyer,
    -- A buyer of e-services is where all evidence says; a parcel goes to one address.
    CASE
        WHEN shipped OR region = 'unknown' THEN NULL
        WHEN buyer IN ('business', 'reverse') THEN NULL
        WHEN other_country <> buyer_country
            THEN 'the customer''s address is in ' || buyer_country || ', the payer''s in ' || other_country
        WHEN policy('location_evidence') = 'address_and_card' AND card_country <> buyer_country
            THEN 'the customer''s address is in ' || buyer_country || ', the card is from ' || card_country
        WHEN vat_number LIKE 'SE%' AND region = 'EU'
            THEN 'the VAT number is Swedish, the customer''s address is in ' || buyer_country
    END AS conflict
FROM located;
