-- Who bought: name, address and VAT number as they were at the sale, one row for each sale. An invoice freezes them;
-- a charge takes the customer's, completed by what the payer typed. A guest is known by the e-mail address.
CREATE OR REPLACE TABLE ledger.parties AS
WITH verified AS (
    SELECT customer, value, type, verification_status,
           row_number() OVER (PARTITION BY customer ORDER BY verification_status = 'verified' DESC, id) AS nth
    FROM stripe.customer_tax_ids
    WHERE type = 'eu_vat'
),
of_invoices AS (
    SELECT
        i.id AS sale_id,
        i.customer,
        coalesce(nullif(i.customer_name, ''), nullif(c.name, '')) AS name,
        coalesce(i.customer_email, c.email) AS email,
        coalesce(i.customer_phone, c.phone) AS phone,
        coalesce(nullif(i.customer_country, ''), nullif(c.country, '')) AS country,
        i.customer_line1 AS line1, i.customer_line2 AS line2, i.customer_city AS city,
        i.customer_postal_code AS postal_code,
        coalesce(
            (SELECT json_extract_string(t, '$.value')
             FROM (SELECT unnest(from_json(i.customer_tax_ids, '["JSON"]')) AS t)
             WHERE json_extract_string(t, '$.type') = 'eu_vat' LIMIT 1),
            v.value) AS vat_number,
        coalesce(i.customer_tax_exempt, c.tax_exempt) AS tax_exempt
    FROM stripe.invoices i
    LEFT JOIN stripe.customers c ON c.id = i.customer
    LEFT JOIN verified v ON v.customer = i.customer AND v.nth = 1
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
        v.value,
        c.tax_exempt
    FROM stripe.charges ch
    JOIN ledger.charge_sales s ON s.charge = ch.id AND s.sale_id = ch.id
    LEFT JOIN stripe.customers c ON c.id = ch.customer
    LEFT JOIN verified v ON v.customer = ch.customer AND v.nth = 1
),
everyone AS (SELECT * FROM of_invoices UNION ALL SELECT * FROM of_charges),
placed AS (
    SELECT
        e.*,
        CASE
            WHEN e.country IS NULL THEN 'unknown'
            WHEN e.country = 'SE' THEN 'SE'
            WHEN eu.country IS NOT NULL THEN 'EU'
            ELSE 'outside EU'
        END AS region,
        t.verification_status
    FROM everyone e
    LEFT JOIN ledger.eu_countries eu ON eu.country = e.country
    LEFT JOIN stripe.customer_tax_ids t ON t.customer = e.customer AND t.value = e.vat_number
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
        WHEN region = 'EU' AND verification_status IS DISTINCT FROM 'verified' AND tax_exempt IS DISTINCT FROM 'reverse'
            THEN 'consumer'
        ELSE 'business'
    END AS buyer
FROM placed
QUALIFY row_number() OVER (PARTITION BY sale_id ORDER BY verification_status = 'verified' DESC) = 1;
