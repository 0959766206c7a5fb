-- Why Fortnox's VAT codes make another return than the ledger, by account and by voucher: kind, id, box, amount, severity,
-- text, remedy.
WITH ledger_boxes AS (
    SELECT account, box, sum(amount) AS amount, count(DISTINCT entry_id) AS entries
    FROM proof.vat_lines
    WHERE day BETWEEN getvariable('vat_first') AND getvariable('vat_last') AND held IS NULL AND NOT computed AND box <> '?'
    GROUP BY ALL
),
vouchers AS (
    SELECT t.account, list(DISTINCT d.label ORDER BY d.label) AS labels
    FROM vat_theirs t JOIN vat_documents d ON d.document_id = t.unit
    GROUP BY t.account
),
coded AS (
    SELECT account, max(vat_code) AS vat_code, max(box) AS box, bool_or(unknown) AS unknown FROM vat_coded
    WHERE year_id IN (SELECT year_id FROM proof.fortnox_years
                      WHERE first_day <= getvariable('vat_last') AND last_day >= getvariable('vat_first'))
    GROUP BY account
),
codes AS (
    SELECT CASE WHEN coalesce(c.unknown, false) THEN 'unknown VAT code' ELSE 'wrong VAT code' END AS kind, l.account AS id,
           l.box, l.amount, CASE WHEN coalesce(c.unknown, false) THEN 'waits' ELSE 'alarm' END AS severity,
           'account ' || l.account || ' has ' || CASE coalesce(c.vat_code, '') WHEN '' THEN 'no VAT code'
                                                      ELSE 'VAT code ' || c.vat_code END || ' in Fortnox'
               || coalesce(' (box ' || c.box || ')', '') || '; the ledger has ' || l.amount || ' of ' || l.entries
               || ' entries on it ' || CASE l.box WHEN 'OSS' THEN 'under the One Stop Shop' ELSE 'in box ' || l.box END
               || coalesce(': ' || array_to_string(v.labels[1:5], '; ')
                           || CASE WHEN len(v.labels) > 5 THEN ' and ' || (len(v.labels) - 5) || ' more' ELSE '' END, '')
               AS text,
           CASE WHEN coalesce(c.unknown, false) THEN 'see in Fortnox (Momsrapport) in which box that code is counted'
                ELSE 'correct the VAT code of that account in Fortnox, or map another account in fortstripe.toml' END AS remedy
    FROM ledger_boxes l
    LEFT JOIN coded c USING (account)
    LEFT JOIN vouchers v USING (account)
    WHERE coalesce(c.box, '') <> CASE l.box WHEN 'OSS' THEN '' ELSE l.box END
),
sides AS (
    SELECT unit, account, sum(ours) AS ours, sum(theirs) AS theirs
    FROM (SELECT unit, account, amount AS ours, 0 AS theirs FROM vat_ours
          UNION ALL SELECT unit, account, 0, amount FROM vat_theirs WHERE ours)
    GROUP BY ALL HAVING sum(ours) <> sum(theirs)
),
named AS (
    SELECT s.*, d.label, d.day, d.kind AS document_kind, w.status, w.reason,
           coalesce(l.box, c.box, '') AS box,
           s.theirs - s.ours AS more,
           starts_with(s.unit, 'entry:') AS undelivered,
           d.day IS NULL OR d.day NOT BETWEEN getvariable('vat_first') AND getvariable('vat_last') AS beyond
    FROM sides s
    LEFT JOIN vat_documents d ON d.document_id = s.unit
    LEFT JOIN (SELECT entry_id, max(status) AS status, max(reason) AS reason
               FROM (SELECT unnest(entry_ids) AS entry_id, status, reason FROM delivery.documents WHERE status <> 'done')
               GROUP BY entry_id) w ON 'entry:' || w.entry_id = s.unit
    LEFT JOIN (SELECT account, min(box) AS box FROM ledger_boxes GROUP BY account) l USING (account)
    LEFT JOIN coded c USING (account)
),
documents AS (
    SELECT CASE WHEN undelivered THEN 'not in Fortnox' WHEN day IS NULL THEN 'missing' WHEN beyond THEN 'other period'
                WHEN theirs <> 0 AND ours <> 0 AND document_kind IN ('invoice', 'credit_invoice')
                     AND abs(more) <= getvariable('vat_rounding') THEN 'VAT rounding'
                WHEN ours <> 0 AND theirs = 0 OR ours = 0 AND theirs <> 0 THEN 'other account' ELSE 'other amount' END AS kind,
           unit AS id, box, more AS amount,
           CASE kind WHEN 'not in Fortnox' THEN 'waits' WHEN 'VAT rounding' THEN 'info' ELSE 'alarm' END AS severity,
           CASE kind
               WHEN 'not in Fortnox' THEN substr(unit, 7) || ' posts ' || ours || ' on account ' || account
                   || ' and is not in Fortnox: '
                   || coalesce(status || coalesce(': ' || reason, ''), 'in no document')
               WHEN 'missing' THEN label || ' (' || unit || ') is not in Fortnox''s books any more'
               WHEN 'other period' THEN label || ' (' || unit || ') is dated ' || day || ' in Fortnox, in another period'
               ELSE label || ' (' || unit || ') has ' || theirs || ' on account ' || account || ' in Fortnox and ' || ours
                   || ' in the ledger' END AS text,
           CASE kind WHEN 'VAT rounding' THEN '' WHEN 'not in Fortnox' THEN 'deliver it before the return is filed'
                WHEN 'other period' THEN 'file it in the period of the ledger''s day, or move the voucher''s date'
                ELSE 'find out in Fortnox who changed it, and correct it there with a voucher' END AS remedy
    FROM named
),
advances AS (
    SELECT 'advance' AS kind, box AS id, box, sum(amount) AS amount, 'info' AS severity,
           'box ' || box || ' holds ' || sum(amount) || ' of advances, which no account with a VAT code shows: Fortnox''s own '
               || 'VAT report is that much lower' AS text,
           'add it to that box when the return is filed from Fortnox' AS remedy
    FROM proof.vat_lines
    WHERE computed AND held IS NULL AND day BETWEEN getvariable('vat_first') AND getvariable('vat_last')
    GROUP BY box HAVING sum(amount) <> 0
),
others AS (
    SELECT 'other business' AS kind, box AS id, box, sum(amount) AS amount, 'info' AS severity,
           count(DISTINCT unit) || ' vouchers that are not ours are in box ' || box || ': '
               || array_to_string((list(DISTINCT unit ORDER BY unit))[1:5], '; ')
               || CASE WHEN count(DISTINCT unit) > 5 THEN ' …' ELSE '' END AS text, '' AS remedy
    FROM vat_theirs WHERE NOT ours AND box IS NOT NULL GROUP BY box
)
SELECT kind, id, box, amount::DECIMAL(18, 2), severity, text, remedy
FROM (FROM codes UNION ALL FROM documents UNION ALL FROM advances UNION ALL FROM others)
ORDER BY severity, kind, id, text;
