-- Names for differences on the receivables (5), and every item that is open there, with the reason why.
-- Nothing without: spans WHERE equation = '5'
INSERT INTO found BY NAME
SELECT s.equation, s.currency, s.account,
       CASE WHEN s.unit = 'before the start' THEN 'sub-ledger' WHEN s.settles THEN 'dated later' ELSE 'manual' END AS kind,
       coalesce(v.label, s.unit) AS id, s.amount, s.amount AS difference,
       -- The company's own doing: each invoice of ours is compared by itself below.
       CASE WHEN s.settles THEN 'info' ELSE 'waits' END AS severity,
       CASE WHEN s.unit = 'before the start'
            THEN 'Account ' || s.account || ' and the open invoices in Fortnox differ by ' || said(s.amount, 'SEK')
            ELSE coalesce(v.label || ' of ' || v.day || ' (' || v.text || ')', s.unit)
                 || ' posts ' || in_fortnox_more(-s.amount) || ' on account ' || s.account || ' past the sub-ledger'
            END AS text,
       CASE WHEN s.unit = 'before the start' THEN 'compare Fortnox''s list of open invoices with the account'
            ELSE 'reverse the voucher in Fortnox and register an invoice payment instead' END AS remedy,
       s.first_day, s.last_day
FROM spans s
LEFT JOIN vouchers v ON v.unit = s.unit AND NOT v.ours
WHERE s.equation = '5';

CREATE OR REPLACE TEMP TABLE open_sales AS
WITH moved AS (
    SELECT e.sale_id, l.event_day AS day, l.debit - l.credit AS amount
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    WHERE l.account = account('receivable')
)
SELECT
    m.sale_id,
    sum(m.amount) FILTER (m.day <= choice('last')::DATE) AS on_last_day,
    sum(m.amount) AS by_now,
    min(m.day) FILTER (m.day > choice('last')::DATE) AS next_day,
    min(m.day) AS first_day
FROM moved m
GROUP BY m.sale_id;

INSERT INTO found BY NAME
WITH failed AS (SELECT DISTINCT sale_id FROM ledger.payments WHERE treatment = 'payment_failed'),
reasons AS (
    SELECT
        o.sale_id, o.on_last_day, o.next_day, s.held, s.due_day, coalesce(i.number, i.id) AS invoice,
        CASE
            WHEN s.held IS NOT NULL THEN 'open: held'
            WHEN o.by_now = 0 THEN 'open: settled later'
            WHEN i.status = 'open' THEN 'open: unpaid'
            WHEN i.status = 'uncollectible' THEN 'open: uncollectible'
            WHEN f.sale_id IS NOT NULL THEN 'open: payment failed'
            WHEN s.before_start THEN 'open: sale before the start'
            WHEN o.on_last_day < 0 THEN 'open: credit not paid out'
            WHEN i.status = 'paid' THEN 'open: paid otherwise'
            ELSE 'open: no reason'
        END AS kind
    FROM open_sales o
    LEFT JOIN ledger.sales s ON s.sale_id = o.sale_id
    LEFT JOIN stripe.invoices i ON i.id = o.sale_id
    LEFT JOIN failed f ON f.sale_id = o.sale_id
    WHERE o.on_last_day <> 0
)
SELECT
    '5' AS equation, 'SEK' AS currency, account('receivable') AS account, kind,
    coalesce(sale_id, '(no sale)') AS id,
    on_last_day AS amount,
    CASE WHEN kind IN ('open: settled later', 'open: unpaid') THEN 'info'
         WHEN kind = 'open: no reason' THEN 'alarm' ELSE 'waits' END AS severity,
    CASE kind
        WHEN 'open: held' THEN 'Sale ' || sale_id || ' is open and held: ' || held
        WHEN 'open: settled later' THEN 'Sale ' || sale_id || ' is open on that day and settled on ' || next_day
        WHEN 'open: unpaid' THEN 'Stripe invoice ' || invoice || ' is unpaid'
            || coalesce(', due ' || due_day, '')
        WHEN 'open: uncollectible' THEN 'Stripe invoice ' || invoice || ' is marked uncollectible'
        WHEN 'open: payment failed' THEN 'The payment of ' || sale_id || ' failed after it was booked'
        WHEN 'open: sale before the start' THEN sale_id || ' was sold before ' || start_date() || ' and is settled since'
        WHEN 'open: credit not paid out' THEN 'A credit of ' || sale_id || ' has not been paid out'
        WHEN 'open: paid otherwise' THEN 'Stripe invoice ' || invoice || ' is paid, but not all through Stripe'
        ELSE coalesce(sale_id, 'Something') || ' is open, and nothing tells why'
    END AS text,
    CASE kind
        WHEN 'open: held' THEN 'mend the reason and sync that day again'
        WHEN 'open: uncollectible' THEN 'decide on the loss and book it in Fortnox'
        WHEN 'open: payment failed' THEN 'collect it again, or credit the invoice'
        WHEN 'open: sale before the start' THEN 'settle it against the original receivable in Fortnox'
        WHEN 'open: credit not paid out' THEN 'pay it out, or set it off against another invoice'
        WHEN 'open: paid otherwise' THEN 'register that payment on the invoice in Fortnox'
        WHEN 'open: no reason' THEN 'report it with that id; do not correct it by hand'
        ELSE ''
    END AS remedy,
    choice('last')::DATE AS first_day, choice('last')::DATE AS last_day
FROM reasons;

-- The same, invoice by invoice, as Fortnox has it now: an invoice of ours that is open there and settled in the ledger, or
-- the reverse. An open invoice may be rounded to whole kronor.
INSERT INTO found BY NAME
WITH delivered AS (
    SELECT DISTINCT e.sale_id
    FROM (SELECT unnest(entry_ids) AS entry_id FROM documents WHERE kind = 'invoice' AND status = 'done') d
    JOIN ledger.entries e USING (entry_id)
    WHERE e.kind = 'sale'
),
-- Only what has been delivered can be settled in Fortnox.
undelivered AS (
    SELECT e.sale_id, sum(l.debit - l.credit) AS amount
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    JOIN entry_documents n USING (entry_id)
    WHERE n.documents = 0 AND l.account = account('receivable')
    GROUP BY e.sale_id
),
undone AS (
    SELECT DISTINCT e.sale_id FROM waiting_entries w JOIN ledger.entries e ON e.entry_id = w.unit
    WHERE w.status = 'undone'
)
SELECT
    '5' AS equation, 'SEK' AS currency, account('receivable') AS account, 'open otherwise' AS kind, d.sale_id AS id,
    coalesce(f.balance, 0) - (coalesce(o.by_now, 0) - coalesce(u.amount, 0)) AS amount,
    CASE WHEN n.sale_id IS NULL THEN 'alarm' ELSE 'waits' END AS severity,
    coalesce('Invoice ' || f.numbers || ' (' || d.sale_id || ')', 'The invoice of ' || d.sale_id)
        || ' is open by ' || said(coalesce(f.balance, 0), 'SEK')
        || ' in Fortnox and by ' || said(coalesce(o.by_now, 0) - coalesce(u.amount, 0), 'SEK') || ' in the ledger' AS text,
    'look at its payments and credits in Fortnox: one was added, changed or put on another invoice' AS remedy,
    choice('last')::DATE AS first_day
FROM delivered d
LEFT JOIN open_sales o USING (sale_id)
LEFT JOIN undelivered u USING (sale_id)
LEFT JOIN undone n USING (sale_id)
LEFT JOIN open_by_sale f USING (sale_id)
WHERE abs(coalesce(f.balance, 0) - (coalesce(o.by_now, 0) - coalesce(u.amount, 0)))
    >= CASE WHEN coalesce(f.balance, 0) = 0 THEN 0.01 ELSE 0.51 END;

-- The rest of what is open in Fortnox: pairs that cancel out, and other business of the company.
INSERT INTO found BY NAME
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, 'open: not set off' AS kind, sale_id AS id,
       0 AS amount, 'info' AS severity,
       'Invoices ' || numbers || ' of ' || sale_id || ' are open by the same amount both ways' AS text,
       'set the credit off against the invoice in Fortnox, or leave it' AS remedy,
       choice('last')::DATE AS first_day
FROM open_by_sale WHERE balance = 0 AND numbers IS NOT NULL;

INSERT INTO found BY NAME
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, 'open: not from Stripe' AS kind,
       count(*) || ' invoices' AS id, sum(round(i.balance * i.sek_per_unit, 2)) AS amount, 'info' AS severity,
       count(*) || ' open invoices in Fortnox are other business of the company' AS text,
       choice('last')::DATE AS first_day
FROM proof.fortnox_invoices i
LEFT JOIN ledger.credits c ON c.credit_id = referred(i.reference)
LEFT JOIN ledger.sales s ON s.sale_id = referred(i.reference)
WHERE i.booked AND NOT i.cancelled AND i.balance <> 0 AND c.credit_id IS NULL AND s.sale_id IS NULL
HAVING count(*) > 0;
