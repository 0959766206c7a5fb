-- Names for differences between the ledger and Fortnox (2, 3b, 6): a document, a voucher, or an entry without either.
-- Nothing without: spans WHERE equation IN ('2', '3b', '6')
INSERT INTO found BY NAME
WITH named AS (
    SELECT
        s.*, d.status, w.status AS entry_status, coalesce(d.reason, w.reason, 'no reason was given') AS reason,
        coalesce(d.remedy, w.remedy) AS mend, d.in_fortnox, d.beyond, d.label AS document_label,
        d.voucher_day, d.rows_changed,
        d.kind AS document_kind, v.label AS voucher_label, v.text AS voucher_text, v.series, v.day AS posted_day,
        -- A voucher with the very rows of one of ours on the same day books the same a second time.
        (SELECT min(w.label) FROM vouchers w
         WHERE w.ours AND w.day = v.day AND w.rows_of_it = v.rows_of_it AND w.unit <> v.unit) AS twin,
        e.entry_id, e.kind AS entry_kind,
        coalesce(n.documents, 0) AS documents, n.names,
        s.first_day BETWEEN choice('first')::DATE AND choice('last')::DATE AND choice('approval') = 'auto' AS due
    FROM spans s
    LEFT JOIN documents d ON d.document_id = s.unit
    LEFT JOIN vouchers v ON v.unit = s.unit AND NOT v.ours
    LEFT JOIN ledger.entries e ON 'entry:' || e.entry_id = s.unit
    LEFT JOIN entry_documents n ON n.entry_id = e.entry_id
    LEFT JOIN waiting_entries w ON w.unit = e.entry_id
    WHERE s.equation IN ('2', '3b', '6')
),
kinds AS (
    SELECT *,
        CASE
            WHEN unit = 'before the start' THEN 'opening in Fortnox'
            WHEN status IN ('held', 'waiting', 'awaiting approval', 'in doubt', 'shadow') THEN status
            WHEN status = 'planned' THEN 'unsent'
            WHEN status IS NOT NULL AND beyond THEN 'dated later'
            WHEN status IS NOT NULL AND NOT in_fortnox THEN 'missing'
            WHEN status IS NOT NULL AND settles AND voucher_day > first_day THEN 'dated later'
            WHEN status IS NOT NULL AND settles THEN 'dated earlier'
            WHEN status IS NOT NULL AND equation = '6' AND document_kind IN ('invoice', 'credit_invoice')
                 AND abs(amount) <= choice('difference_limit')::DECIMAL(18, 2) THEN 'VAT rounding'
            WHEN status IS NOT NULL THEN 'differs'
            WHEN twin IS NOT NULL THEN 'double'
            WHEN series = choice('voucher_series') THEN 'unknown'
            WHEN voucher_label IS NOT NULL THEN 'manual'
            WHEN entry_id IS NULL THEN 'vanished'
            WHEN entry_status = 'undone' THEN 'undone'
            WHEN documents > 1 THEN 'twice'
            WHEN entry_status IS NOT NULL AND entry_status <> 'planned' THEN entry_status
            WHEN documents = 1 THEN 'changed'
            WHEN entry_kind LIKE 'opening%' AND choice('opening') = 'in_books' THEN 'opening in the books'
            WHEN entry_kind LIKE 'opening%' THEN 'opening proposed'
            ELSE 'unsent'
        END AS kind
    FROM named
)
SELECT
    equation, currency, account, kind, coalesce(voucher_label, entry_id, unit) AS id, amount, amount AS difference,
    first_day, last_day,
    CASE
        WHEN kind IN ('opening in Fortnox', 'dated later', 'VAT rounding', 'shadow', 'opening in the books')
            THEN 'info'
        WHEN kind = 'manual' AND choice('mode') = 'shadow' THEN 'info'
        WHEN kind IN ('held', 'waiting', 'awaiting approval', 'in doubt', 'undone', 'manual', 'opening proposed') THEN 'waits'
        WHEN kind IN ('unsent', 'changed') AND NOT due THEN 'waits'
        ELSE 'alarm'
    END AS severity,
    CASE kind
        WHEN 'opening in Fortnox' THEN 'Account ' || account || ' stood at ' || said(-amount, 'SEK') || ' in Fortnox before '
            || start_date()
        WHEN 'held' THEN coalesce(entry_id, unit) || ' is held: ' || reason
        WHEN 'waiting' THEN coalesce(entry_id, unit) || ' waits: ' || reason
        WHEN 'awaiting approval' THEN coalesce(entry_id, unit) || ' awaits approval'
        WHEN 'in doubt' THEN coalesce(entry_id, unit) || ' is in doubt: no answer told whether Fortnox took it'
        WHEN 'undone' THEN entry_id || ': ' || reason
        WHEN 'shadow' THEN coalesce(entry_id, unit) || ' is not booked: the mode is shadow'
        WHEN 'missing' THEN document_label || ' (' || unit || ') is not in Fortnox''s books any more'
        WHEN 'dated later' THEN document_label || ' (' || unit || ') is dated ' || voucher_day || ' in Fortnox'
        WHEN 'dated earlier' THEN document_label || ' (' || unit || ') is dated ' || voucher_day
            || ' in Fortnox, before the ledger''s day'
        WHEN 'VAT rounding' THEN document_label || ': Fortnox computes VAT itself and rounded it otherwise, by '
            || in_fortnox_more(amount) || ' on account ' || account
        WHEN 'differs' THEN document_label || ' (' || unit || ') has ' || in_fortnox_more(amount)
            || ' on account ' || account || ' more than was sent'
            || CASE WHEN rows_changed THEN '; its rows were changed in Fortnox' ELSE '' END
        WHEN 'double' THEN voucher_label || ' of ' || posted_day || ' (' || voucher_text || ') repeats ' || twin
        WHEN 'unknown' THEN voucher_label || ' of ' || posted_day || ' (' || voucher_text
            || ') is in our series, but not in the journal'
        WHEN 'manual' THEN voucher_label || ' of ' || posted_day || ' (' || voucher_text || ') posts '
            || in_fortnox_more(amount) || ' on account ' || account || '; it is not ours'
        WHEN 'vanished' THEN unit || ' was delivered, but the ledger no longer has it'
        WHEN 'twice' THEN entry_id || ' stands in more than one document: ' || names
        WHEN 'changed' THEN entry_id || ' changed after it was delivered in ' || names || '; the correction is not sent'
        WHEN 'opening proposed' THEN entry_id || ' is proposed and not yet approved'
        WHEN 'opening in the books' THEN entry_id || ' is what the books hold from before the start'
        ELSE coalesce(entry_id, unit) || ' of ' || first_day || ' has not been delivered'
    END AS text,
    CASE kind
        WHEN 'opening in Fortnox' THEN ''
        WHEN 'missing' THEN 'ask who removed it in Fortnox; fortstripe never writes it a second time by itself'
        WHEN 'dated later' THEN ''
        WHEN 'VAT rounding' THEN ''
        WHEN 'differs' THEN 'find out in Fortnox who changed it, and correct it there with a voucher'
        WHEN 'double' THEN 'reverse one of the two in Fortnox with a correcting voucher'
        WHEN 'unknown' THEN 'run fortstripe adopt if it is ours; else move it to another series'
        WHEN 'manual' THEN CASE choice('mode') WHEN 'live'
            THEN 'check with whoever booked it: what Stripe did is booked by fortstripe already' ELSE '' END
        WHEN 'vanished' THEN 'report it with that id; do not correct it by hand'
        WHEN 'dated earlier' THEN 'report it with that id; do not correct it by hand'
        ELSE remedy_of(kind, mend)
    END AS remedy
FROM kinds;

-- A year whose opening balance was not carried over: the vouchers prove the balance all the same.
INSERT INTO found BY NAME
WITH closing AS (
    SELECT y.year_id, a.account, y.last_day,
           any_value(a.opening) + coalesce(sum(l.amount), 0) AS amount
    FROM proof.fortnox_years y
    JOIN proof.fortnox_accounts a USING (year_id)
    LEFT JOIN proof.fortnox_lines l ON l.year_id = y.year_id AND l.account = a.account
    GROUP BY ALL
)
SELECT o.equation, o.currency, o.account, 'opening not carried over' AS kind, o.account || ' ' || y.first_day AS id,
       c.amount - a.opening AS amount, 'info' AS severity,
       'Account ' || o.account || ' opens ' || y.first_day || ' at ' || said(a.opening, 'SEK')
           || ' in Fortnox, and closed the year before at ' || said(c.amount, 'SEK') AS text,
       'carry over the opening balances in Fortnox (Ingående balanser)' AS remedy,
       y.first_day
FROM own_accounts o
JOIN proof.fortnox_accounts a ON a.account = o.account
JOIN proof.fortnox_years y ON y.year_id = a.year_id
JOIN closing c ON c.account = o.account AND c.last_day = y.first_day - 1
WHERE c.amount <> a.opening AND y.first_day <= choice('last')::DATE;
