-- A dispute is lost: what stood on the disputed account meets the credit of the sale, or becomes a bad debt. What
-- the dispute took beyond all that was sold, because it had been given back before, is a claim on the customer.
-- Nothing without: ledger.lost_disputes
INSERT INTO ledger.postings BY NAME
WITH disputed AS (
    SELECT source AS dispute, -amount_ore AS ore FROM ledger.movements WHERE treatment IN ('dispute', 'dispute_won')
    UNION ALL
    -- What had left when the books began.
    SELECT source, ore FROM ledger.opening_claims WHERE kind = 'dispute'
),
amounts AS (SELECT dispute, sum(ore) AS ore FROM disputed GROUP BY dispute),
parts AS (
    -- A charge over several invoices has a credit for each.
    SELECT *, gross + excess AS asked, sum(gross + excess) OVER (PARTITION BY reversal) AS whole,
           sum(gross + excess) OVER (PARTITION BY reversal ORDER BY credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM ledger.credits
    WHERE kind = 'dispute'
),
entry AS (
    SELECT l.dispute || ':lost' || CASE WHEN c.credit_id <> l.dispute THEN ':' || c.sale_id ELSE '' END AS entry_id,
           l.event_day AS day, 'dispute_lost' AS kind, l.dispute AS source, l.charge, c.sale_id,
           CASE WHEN c.gross_ore > 0 THEN c.credit_id END AS credit_id, 'SEK' AS settlement,
           'Förlorad tvist ' || l.dispute AS text,
           coalesce(c.held, CASE WHEN l.treatment IS NULL
                                 THEN 'lost dispute (' || coalesce(l.reason, 'no reason')
                                      || '): choose dispute_lost for that reason in fortstripe.toml' END) AS held,
           l.treatment, 'SEK' AS currency,
           coalesce(c.gross_ore, 0) AS credited_ore,
           CASE WHEN c.whole > 0 THEN share(m.ore, c.share_end - c.asked, c.share_end, c.whole)
                ELSE m.ore END AS disputed_ore,
           CASE WHEN c.asked > 0 THEN round_div(disputed_ore::HUGEINT * c.excess, c.asked) ELSE 0 END AS excess_ore
    FROM ledger.lost_disputes l
    JOIN ledger.covered_days d ON d.day = l.event_day
    JOIN amounts m ON m.dispute = l.dispute
    LEFT JOIN parts c ON c.reversal = l.dispute
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('receivable') AS account, credited_ore AS ore FROM entry
    UNION ALL
    SELECT entry_id, 2, account('disputed'), -disputed_ore FROM entry
    UNION ALL
    SELECT entry_id, 3,
           CASE WHEN treatment IS NULL THEN account('suspense')
                WHEN sale_id IS NULL THEN account('bad_debt')
                WHEN disputed_ore > credited_ore + excess_ore THEN account('exchange_loss') ELSE account('exchange_gain') END,
           disputed_ore - credited_ore - excess_ore
    FROM entry
    UNION ALL
    SELECT entry_id, 4, account('customer_debt'), excess_ore FROM entry
)
SELECT e.* EXCLUDE (treatment, credited_ore, disputed_ore, excess_ore), l.* EXCLUDE entry_id
FROM entry e JOIN lines l USING (entry_id)
WHERE l.ore <> 0 AND e.disputed_ore <> 0;
