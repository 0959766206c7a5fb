-- Money before its invoice date: the VAT is due when it is received (ML 7 kap.), so the advance account holds the amount
-- without VAT until the invoice takes its place. On that day the advance and its VAT are taken back, and the sale itself
-- carries the VAT: one VAT event in all, in the period of the payment.
-- Nothing without: ledger.payments WHERE settled_day IS NOT NULL
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT p.entry_id || ':settled' AS entry_id, p.settled_day AS day, 'advance_settled' AS kind, p.charge AS source,
           p.balance_transaction, p.charge, p.sale_id, p.credit_id, 'SEK' AS settlement, s.text, s.held, 'SEK' AS currency,
           p.receivable_ore
    FROM ledger.payments p
    JOIN ledger.sales s ON s.sale_id = p.sale_id
    JOIN ledger.covered_days c ON c.day = p.settled_day
)
SELECT e.* EXCLUDE receivable_ore, l.line_no, l.account, l.ore
FROM entry e,
LATERAL (VALUES (1, account('advances'), e.receivable_ore), (2, account('receivable'), -e.receivable_ore))
    AS l(line_no, account, ore);

INSERT INTO ledger.postings BY NAME
WITH advances AS (
    SELECT p.*, s.text, s.held, s.gross,
           sum(p.settles) OVER (PARTITION BY p.sale_id ORDER BY p.day, p.entry_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM ledger.payments p
    JOIN ledger.sales s ON s.sale_id = p.sale_id
    WHERE p.settled_day IS NOT NULL AND p.treatment = 'payment'
),
vat AS (
    SELECT sale_id, vat_rate, treatment, vat_account, sum(vat_ore) AS vat_ore
    FROM ledger.sale_rows WHERE vat_rate > 0 AND sale_id IN (SELECT sale_id FROM advances)
    GROUP BY ALL
),
entry AS (
    SELECT a.entry_id || ':vat' AS entry_id, a.day, 'advance_vat' AS kind, 1 AS direction, a.entry_id AS advance
    FROM advances a
    UNION ALL
    SELECT a.entry_id || ':vat_settled', a.settled_day, 'advance_vat_settled', -1, a.entry_id
    FROM advances a JOIN ledger.covered_days c ON c.day = a.settled_day
),
lines AS (
    SELECT e.entry_id, e.day, e.kind, a.charge AS source, a.balance_transaction, a.charge, a.sale_id, a.text, a.held,
           v.vat_rate, v.treatment, v.vat_account,
           e.direction * share(v.vat_ore, a.upto - a.settles, a.upto, a.gross) AS vat_ore
    FROM entry e
    JOIN advances a ON a.entry_id = e.advance
    JOIN vat v ON v.sale_id = a.sale_id
)
SELECT x.* EXCLUDE (vat_account, vat_ore), 'SEK' AS settlement, 'SEK' AS currency, l.*
FROM lines x,
LATERAL (VALUES (1, account('advances'), x.vat_ore), (2, x.vat_account, -x.vat_ore)) AS l(line_no, account, ore)
WHERE l.ore <> 0;
