-- A dispute is lost: what stood on the disputed account meets the credit of the sale, or becomes a bad debt.
INSERT INTO ledger.postings BY NAME
WITH disputed AS (
    SELECT source AS dispute, -amount_ore AS ore FROM ledger.movements WHERE treatment IN ('dispute', 'dispute_won')
    UNION ALL
    -- What had left when the books began.
    SELECT source, ore FROM ledger.opening_claims WHERE kind = 'dispute'
),
entry AS (
    SELECT l.dispute || ':lost' AS entry_id, l.event_day AS day, 'dispute_lost' AS kind, l.dispute AS source, l.charge,
           c.sale_id, c.credit_id, 'SEK' AS settlement, 'Förlorad tvist ' || l.dispute AS text,
           coalesce(c.held, CASE WHEN l.treatment IS NULL
                                 THEN 'lost dispute (' || coalesce(l.reason, 'no reason')
                                      || '): choose dispute_lost for that reason in fortstripe.toml' END) AS held,
           l.treatment, 'SEK' AS currency,
           coalesce(c.gross_ore, 0) AS credited_ore, sum(m.ore) AS disputed_ore
    FROM ledger.lost_disputes l
    JOIN ledger.covered_days d ON d.day = l.event_day
    JOIN disputed m ON m.dispute = l.dispute
    LEFT JOIN ledger.credits c ON c.credit_id = l.dispute AND c.gross_ore > 0
    GROUP BY ALL
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('receivable') AS account, credited_ore AS ore FROM entry
    UNION ALL
    SELECT entry_id, 2, account('disputed'), -disputed_ore FROM entry
    UNION ALL
    SELECT entry_id, 3,
           CASE WHEN treatment IS NULL THEN account('suspense')
                WHEN credit_id IS NULL THEN account('bad_debt')
                WHEN disputed_ore > credited_ore THEN account('exchange_loss') ELSE account('exchange_gain') END,
           disputed_ore - credited_ore
    FROM entry
)
SELECT e.* EXCLUDE (treatment, credited_ore, disputed_ore), l.* EXCLUDE entry_id
FROM entry e JOIN lines l USING (entry_id)
WHERE l.ore <> 0 AND e.disputed_ore <> 0;
