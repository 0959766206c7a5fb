-- Who bought: name, addresses and tax number as they were at the sale, one row for each sale, and what is known of the
-- number. An invoice freezes them; a charge takes the customer's, completed by what the payer typed. A guest is known by
-- the e-mail address.
-- Nothing without: stripe.invoices or ledger.charge_sales
CREATE OR REPLACE TABLE ledger.parties AS
WITH of_invoices AS (
    SELECT
        i.id AS sale_id,
        i.customer,
        coalesce(nullif(i.customer_name, ''), nullif(c.name, '')) AS name,
        coalesce(i.customer_email, c.email) AS email,
        coalesce(i.customer_phone, c.phone) AS phone,
        coalesce(nullif(i.customer_country, ''), nullif(c.country, '')) AS country,
        i.customer_line1 AS line1, i.customer_line2 AS line2, i.customer_city AS city,
        i.customer_postal_code AS postal_code,
        coalesce(i.customer_tax_exempt, c.tax_exempt) AS tax_exempt,
        nullif(i.ship_to_country, '') AS ship_to_country, i.ship_to_postal_code,
        NULL AS other_country, NULL AS card_country,
        i.customer_tax_ids
    FROM stripe.invoices i
    LEFT JOIN stripe.customers c ON c.id = i.customer
    WHERE i.status <> 'draft'
),
of_charges AS (
    SELECT
        ch.id AS sale_id,
        ch.customer,
        coalesce(nullif(c.name, ''), nullif(ch.billing_name, '')) AS name,
        coalesce(c.email, ch.billing_email, ch.receipt_email) AS email,
        coalesce(c.phone, ch.billing_phone) AS phone,
        -- Without an address the card's country is the only evidence; Swish is a Swedish bank account.
        coalesce(nullif(c.country, ''), nullif(ch.billing_country, ''), nullif(ch.card_country, ''),
                 CASE WHEN ch.payment_method_type = 'swish' THEN 'SE' END) AS country,
        coalesce(c.line1, ch.billing_line1), coalesce(c.line2, ch.billing_line2), coalesce(c.city, ch.billing_city),
        coalesce(c.postal_code, ch.billing_postal_code),
        c.tax_exempt,
        nullif(ch.ship_to_country, ''), ch.ship_to_postal_code,
        nullif(ch.billing_country, ''), nullif(ch.card_country, ''),
        NULL
    FROM stripe.charges ch
    JOIN ledger.charge_sales s ON s.charge = ch.id AND s.sale_id = ch.id
    LEFT JOIN stripe.customers c ON c.id = ch.customer
),
everyone AS (SELECT * FROM of_invoices UNION ALL SELECT * FROM of_charges),
numbers AS (
    SELECT sale_id, customer, json_extract_string(tax_id, '$.type') AS type, json_extract_string(tax_id, '$.value') AS value
    FROM (SELECT sale_id, customer, unnest(from_json(customer_tax_ids, '["JSON"]')) AS tax_id
          FROM of_invoices WHERE json_array_length(customer_tax_ids) > 0)
    UNION ALL
    -- An invoice with an empty list had no number; one without any list says nothing, as a charge does.
    SELECT e.sale_id, e.customer, t.type, t.value
    FROM everyone e
    JOIN stripe.customer_tax_ids t ON t.customer = e.customer
    WHERE e.customer_tax_ids IS NULL OR json_type(e.customer_tax_ids) = 'NULL'
),
judged AS (
    SELECT n.sale_id, n.type, n.value, coalesce(h.status, f.status) AS status
    FROM (SELECT n.*, u.moment FROM numbers n JOIN ledger.sale_units u USING (sale_id)) n
    ASOF LEFT JOIN ledger.tax_id_history h
        ON h.customer = n.customer AND h.value = n.value AND h.seen_from <= n.moment
    LEFT JOIN ledger.tax_id_history f ON f.customer = n.customer AND f.value = n.value AND f.first_known
),
chosen AS (
    SELECT * FROM judged
    QUALIFY row_number() OVER (PARTITION BY sale_id ORDER BY type = 'eu_vat' DESC, status = 'verified' DESC, value) = 1
),
placed AS (
    SELECT
        e.*, n.type AS vat_number_type, n.value AS vat_number, n.status AS vat_number_status,
        CASE
            WHEN e.country IS NULL THEN 'unknown'
            WHEN e.country = 'SE' THEN 'SE'
            WHEN eu.country IS NOT NULL THEN 'EU'
            ELSE 'outside EU'
        END AS region
    FROM everyone e
    LEFT JOIN ledger.eu_countries eu ON eu.country = e.country
    LEFT JOIN chosen n ON n.sale_id = e.sale_id
)
SELECT
    sale_id,
    coalesce(customer, 'guest:' || lower(email), 'guest:' || region) AS party_id,
    customer,
    coalesce(name, email, 'Stripe-kund') AS name,
    email, phone, line1, line2, postal_code, city, country, region, vat_number,
    CASE WHEN country = 'SE' AND regexp_matches(vat_number, '^SE\d{12}$')
         THEN substr(vat_number, 3, 6) || '-' || substr(vat_number, 9, 4) END AS organisation_number,
    -- In the EU a business is one whose VAT number held (BOOKKEEPING.md, VAT decision rows 4-6); Stripe's verification
    -- or the merchant's own reverse-charge mark is the evidence. Elsewhere a tax id is enough.
    CASE
        WHEN vat_number IS NULL THEN 'consumer'
        WHEN region <> 'EU' THEN 'business'
        WHEN vat_number_type = 'eu_vat' AND vat_number NOT LIKE 'SE%'
             AND (vat_number_status = 'verified' OR tax_exempt = 'reverse') THEN 'business'
        ELSE 'consumer'
    END AS buyer,
    vat_number_type, vat_number_status, tax_exempt, ship_to_country, ship_to_postal_code, other_country, card_country
FROM placed;
