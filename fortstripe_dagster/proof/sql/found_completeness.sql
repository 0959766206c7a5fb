-- Payments without their one invoice (8), entries without their one document (9), days without any entries.
-- Nothing without: spans WHERE equation = '8'
INSERT INTO found BY NAME
SELECT
    s.equation, s.unit AS id, s.amount, s.amount AS difference, s.first_day, s.last_day,
    CASE WHEN held.status = 'shadow' THEN 'shadow'
         WHEN held.status = 'undone' OR n.documents = 0 AND p.invoices = 0 AND held.unit IS NOT NULL THEN 'held'
         WHEN p.invoices = 0 THEN 'no invoice' WHEN p.invoices > 1 THEN 'several invoices'
         WHEN NOT p.booked THEN 'invoice not booked' ELSE 'invoice not paid' END AS kind,
    CASE kind WHEN 'shadow' THEN 'info' WHEN 'held' THEN 'waits' ELSE 'alarm' END AS severity,
    'Payment ' || p.charge || ' of ' || p.day || CASE kind
        WHEN 'shadow' THEN ' has no invoice: the mode is shadow'
        WHEN 'held' THEN CASE WHEN p.invoices = 0 THEN ' has no invoice: it is ' ELSE ' is not settled: it is ' END || held.status
            || coalesce(', ' || held.reason, '')
        WHEN 'no invoice' THEN ' has no invoice in Fortnox'
        WHEN 'several invoices' THEN ' has ' || p.invoices || ' invoices in Fortnox: ' || p.numbers
        WHEN 'invoice not booked' THEN ' has invoice ' || p.numbers || ', which is not booked'
        ELSE ' has invoice ' || p.numbers || ', which is open by ' || said(p.balance, 'SEK') END AS text,
    CASE kind
        WHEN 'shadow' THEN ''
        WHEN 'held' THEN remedy_of(held.status, held.remedy)
        WHEN 'several invoices' THEN 'credit the extra ones in Fortnox, and report it: this must not happen'
        WHEN 'invoice not paid' THEN 'look at the invoice''s payments in Fortnox, then sync that day again'
        ELSE 'sync that day again' END AS remedy
FROM spans s
JOIN paid_sales p ON p.entry_id = s.unit
LEFT JOIN entry_documents n ON n.entry_id = p.sale_id || ':sale'
LEFT JOIN waiting_entries held ON held.unit IN (p.sale_id || ':sale', p.entry_id)
WHERE s.equation = '8'
QUALIFY row_number() OVER (PARTITION BY s.unit ORDER BY held.unit) = 1;

-- Nothing without: spans WHERE equation = '9'
INSERT INTO found BY NAME
WITH unproven AS (
    SELECT s.*, e.kind AS entry_kind, n.documents, n.names, w.status, w.reason, w.remedy AS mend,
           choice('opening') = 'in_books' AS in_books
    FROM spans s
    JOIN ledger.entries e ON e.entry_id = s.unit
    JOIN entry_documents n ON n.entry_id = s.unit
    LEFT JOIN waiting_entries w ON w.unit = s.unit
    WHERE s.equation = '9'
)
SELECT
    equation, unit AS id, amount, amount AS difference, first_day, last_day,
    CASE WHEN status = 'undone' THEN status WHEN documents > 1 THEN 'twice' WHEN status <> 'planned' THEN status
         WHEN documents = 1 THEN 'changed'
         WHEN entry_kind LIKE 'opening%' AND in_books THEN 'opening in the books'
         WHEN entry_kind LIKE 'opening%' THEN 'opening proposed' ELSE 'unsent' END AS kind,
    CASE WHEN kind = 'twice' THEN 'alarm' WHEN kind IN ('shadow', 'opening in the books') THEN 'info'
         WHEN kind IN ('changed', 'unsent', 'planned') AND choice('approval') = 'auto'
              AND first_day BETWEEN choice('first')::DATE AND choice('last')::DATE THEN 'alarm'
         ELSE 'waits' END AS severity,
    entry_kind || ' ' || unit || ' of ' || first_day || CASE kind
        WHEN 'twice' THEN ' stands in more than one document: ' || names
        WHEN 'changed' THEN ' changed after it was delivered in ' || names
        WHEN 'opening proposed' THEN ' is proposed and not yet approved'
        WHEN 'opening in the books' THEN ' is what the books hold from before the start'
        WHEN 'unsent' THEN ' is in no document'
        WHEN 'awaiting approval' THEN ' awaits approval'
        WHEN 'shadow' THEN ' is not booked: the mode is shadow'
        ELSE ' is ' || kind || coalesce(': ' || reason, '') END AS text,
    remedy_of(kind, mend) AS remedy
FROM unproven;

INSERT INTO found BY NAME
SELECT '9' AS equation, 'day not synced' AS kind, d.day::VARCHAR AS id, 0 AS amount, 'alarm' AS severity,
       d.day || ' has not been synced' AS text,
       'run fortstripe sync --from ' || d.day || ' --to ' || d.day AS remedy, d.day AS first_day, d.day AS last_day
FROM (SELECT unnest(generate_series(greatest(choice('first')::DATE, start_date()), choice('last')::DATE,
                                    INTERVAL 1 DAY))::DATE AS day) d
WHERE d.day NOT IN (SELECT day FROM ledger.covered_days);

-- What nobody knew how to book stands on the suspense account until a person decides.
-- Nothing without: ledger.entries WHERE alert IS NOT NULL
INSERT INTO found BY NAME
SELECT '6' AS equation, 'SEK' AS currency, account('suspense') AS account, 'on suspense' AS kind, e.entry_id AS id,
       sum(l.debit - l.credit) AS amount, 'info' AS severity, e.alert AS text,
       'decide what it was, and move it from the suspense account with a voucher in Fortnox' AS remedy,
       e.event_day AS first_day
FROM ledger.entries e
JOIN ledger.lines l USING (entry_id)
WHERE e.alert IS NOT NULL AND l.account = account('suspense') AND e.event_day <= choice('last')::DATE
GROUP BY e.entry_id, e.alert, e.event_day;
