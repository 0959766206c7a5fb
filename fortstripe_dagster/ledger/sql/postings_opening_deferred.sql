-- What earlier books hold as income of coming periods when the books begin here, invoice by invoice: released from then on
-- as what is deferred here. Proposed or left to the books as all that stood open then (postings_opening.sql).
-- Nothing without: ledger.deferral_openings
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT 'opening:SEK:deferred:' || p.sale_id AS entry_id, policy('start_date')::DATE AS day, 'opening_deferred' AS kind,
           p.sale_id AS source, p.sale_id, 'SEK' AS settlement, 'Ingående periodisering: ' || p.number AS text, p.held,
           'SEK' AS currency, sum(o.ore)::BIGINT AS ore
    FROM ledger.deferral_openings o
    JOIN ledger.deferral_plans p USING (sale_id, row_no)
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
    GROUP BY ALL HAVING sum(o.ore) <> 0
)
SELECT e.* EXCLUDE (ore), l.*
FROM entry e,
LATERAL (VALUES (1, account('deferred_revenue'), -e.ore), (2, account('suspense'), e.ore)) AS l(line_no, account, ore);
