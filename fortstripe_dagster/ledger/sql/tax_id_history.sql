-- What Stripe said of each tax number, from when: an invoice of last month is judged by what was known then, whatever
-- became of the number since. A check that was pending counts as what it came to.
-- Nothing without: stripe.raw_versions or stripe.customer_tax_ids
CREATE OR REPLACE TABLE ledger.tax_id_history AS
WITH older AS (
    SELECT id AS customer, first_seen, unnest(from_json(json_extract(raw, '$.tax_ids.data'), '["JSON"]')) AS tax_id
    FROM stripe.raw_versions
    WHERE stream = 'customers'
),
seen AS (
    SELECT t.customer, t.value, t.verification_status AS status, o.first_seen
    FROM stripe.customer_tax_ids t
    JOIN stripe.raw_objects o ON o.stream = 'customers' AND o.id = t.customer
    UNION ALL
    SELECT customer, json_extract_string(tax_id, '$.value'), json_extract_string(tax_id, '$.verification.status'), first_seen
    FROM older
),
settled AS (
    SELECT *, status IN ('verified', 'unverified') AS definite,
           bool_or(status IN ('verified', 'unverified')) OVER (PARTITION BY customer, value) AS ever_definite
    FROM seen
)
SELECT customer, value, status, min(first_seen) AS seen_from,
       row_number() OVER (PARTITION BY customer, value ORDER BY min(first_seen)) = 1 AS first_known
FROM (
    SELECT *, count(*) FILTER (changed) OVER (PARTITION BY customer, value ORDER BY first_seen) AS spell
    FROM (
        SELECT *, status IS DISTINCT FROM lag(status) OVER (PARTITION BY customer, value ORDER BY first_seen) AS changed
        FROM settled
        WHERE definite OR NOT ever_definite
    )
)
GROUP BY customer, value, spell, status;
