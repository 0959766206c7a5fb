-- What people changed in Fortnox after delivery: each difference between what was sent and what is there now, once, from
-- when it was found until it is undone. Nothing of it is ever written over: a person decides.
CREATE TABLE IF NOT EXISTS proof.drift (
    found_at TIMESTAMPTZ NOT NULL,
    gone_at TIMESTAMPTZ,
    kind VARCHAR NOT NULL,             -- invoice changed, invoice cancelled, invoice credited, customer changed, voucher …
    document VARCHAR NOT NULL,
    what VARCHAR NOT NULL,             -- the field or account
    ours VARCHAR,
    theirs VARCHAR,
    who VARCHAR,                       -- the voucher's signature, where Fortnox gives one
    changed_on DATE,                   -- when Fortnox registered the voucher
    day DATE NOT NULL,                 -- the document's own date
    severity VARCHAR NOT NULL,
    text VARCHAR NOT NULL
);

CREATE OR REPLACE TEMP TABLE our_invoices AS
SELECT d.document_id, d.fortnox_number AS number, t.what, t.ours
FROM delivery.documents d JOIN sent_fields t USING (document_id)
WHERE d.kind IN ('invoice', 'credit_invoice') AND d.status = 'done'
UNION ALL
SELECT document_id, fortnox_number, 'Total', total::DECIMAL(18, 2)::VARCHAR FROM delivery.documents
WHERE kind IN ('invoice', 'credit_invoice') AND status = 'done' AND total IS NOT NULL
UNION ALL
SELECT document_id, fortnox_number, 'Cancelled', 'false' FROM delivery.documents
WHERE kind IN ('invoice', 'credit_invoice') AND status = 'done' AND fortnox_number IS NOT NULL;

-- Fortnox writes numbers and postal codes in its own way.
CREATE OR REPLACE TEMP MACRO plainly(text) AS lower(regexp_replace(text, '[^\p{L}\p{N}@]', '', 'g'));

CREATE OR REPLACE TEMP TABLE drifted AS
WITH invoices AS (
    SELECT o.document_id, s.number, s.day, o.what, o.ours,
           CASE o.what WHEN 'InvoiceDate' THEN s.day::VARCHAR WHEN 'DueDate' THEN s.due_day::VARCHAR
                       WHEN 'CustomerNumber' THEN s.customer_number WHEN 'Currency' THEN s.currency
                       WHEN 'ExternalInvoiceReference1' THEN s.reference WHEN 'Total' THEN s.total::VARCHAR
                       WHEN 'Cancelled' THEN s.cancelled::VARCHAR END AS theirs
    FROM our_invoices o
    JOIN proof.fortnox_invoice_states s USING (number)
),
customers AS (
    SELECT c.number, o.what, o.ours,
           CASE o.what WHEN 'Name' THEN c.name WHEN 'Address1' THEN c.address1 WHEN 'Address2' THEN c.address2
                       WHEN 'ZipCode' THEN c.zip_code WHEN 'City' THEN c.city WHEN 'Email' THEN c.email
                       WHEN 'Phone' THEN c.phone WHEN 'OrganisationNumber' THEN c.organisation_number END AS theirs,
           c.seen_at
    FROM sent_fields o
    JOIN proof.fortnox_customers c ON c.number = o.document_id
),
credited AS (
    -- A credit invoice that somebody made in Fortnox keeps the reference of the invoice, or its customer and amount.
    SELECT s.number, s.day, s.total, min(i.number) AS original, min(d.document_id) AS document_id
    FROM proof.fortnox_invoice_states s
    JOIN proof.fortnox_invoice_states i
      ON i.total > 0 AND (i.reference = s.reference OR i.customer_number = s.customer_number AND i.total = -s.total)
    JOIN delivery.documents d ON d.kind = 'invoice' AND d.status = 'done' AND d.fortnox_number = i.number
    WHERE s.total < 0 AND NOT s.cancelled
      AND s.number NOT IN (SELECT fortnox_number FROM delivery.documents
                           WHERE kind IN ('invoice', 'credit_invoice') AND fortnox_number IS NOT NULL)
    GROUP BY s.number, s.day, s.total
),
vouchers AS (
    SELECT DISTINCT f.kind, f.id, f.account, f.text, f.severity, f.first_day, v.signed, v.registered
    FROM found f
    LEFT JOIN vouchers v ON v.label = f.id OR v.unit = f.id
    WHERE f.equation IN ('2', '3b', '6') AND f.kind IN ('missing', 'differs', 'double', 'unknown', 'manual')
)
SELECT CASE what WHEN 'Cancelled' THEN 'invoice cancelled' ELSE 'invoice changed' END AS kind, document_id AS document,
       what, ours, theirs, NULL AS who, NULL::DATE AS changed_on, day,
       CASE WHEN what IN ('DueDate') THEN 'info' WHEN what IN ('CustomerNumber', 'ExternalInvoiceReference1') THEN 'waits'
            ELSE 'alarm' END AS severity,
       'invoice ' || number || ' (' || document_id || ') ' || CASE what WHEN 'Cancelled' THEN 'was cancelled in Fortnox'
           ELSE 'has ' || what || ' ' || coalesce(theirs, 'nothing') || ' in Fortnox; ' || ours || ' was sent' END AS text
FROM invoices
WHERE ours IS DISTINCT FROM theirs
UNION ALL
SELECT 'invoice credited', 'invoice ' || number, 'Total', document_id, total::VARCHAR, NULL, NULL, day, 'waits',
       'invoice ' || number || ' of ' || day || ', ' || total || ', was made in Fortnox and credits invoice ' || original
           || ' (' || document_id || ')'
FROM credited
UNION ALL
SELECT 'customer changed', 'customer ' || number, what, ours, theirs, NULL, NULL, (seen_at AT TIME ZONE 'Europe/Stockholm')::DATE, 'info',
       'customer ' || number || ' has ' || what || ' ' || CASE theirs WHEN '' THEN 'empty' ELSE theirs END
           || ' in Fortnox; ' || ours || ' was sent'
FROM customers
WHERE plainly(ours) <> plainly(theirs) AND ours <> 'API_BLANK'
UNION ALL
SELECT 'voucher ' || kind, id, account, NULL, NULL, nullif(any_value(signed), ''), any_value(registered),
       min(first_day), any_value(severity), any_value(text)
FROM vouchers GROUP BY kind, id, account;

UPDATE proof.drift SET gone_at = choice('read_at')::TIMESTAMPTZ
WHERE gone_at IS NULL AND (day <= choice('last')::DATE OR kind NOT LIKE 'voucher %')
  AND (kind, document, what, coalesce(theirs, text)) NOT IN
      (SELECT (kind, document, what, coalesce(theirs, text)) FROM drifted);

INSERT INTO proof.drift BY NAME
SELECT choice('read_at')::TIMESTAMPTZ AS found_at, NULL AS gone_at, n.*
FROM drifted n
WHERE NOT EXISTS (SELECT 1 FROM proof.drift d
                  WHERE d.gone_at IS NULL AND d.kind = n.kind AND d.document = n.document AND d.what = n.what
                    AND coalesce(d.theirs, d.text) = coalesce(n.theirs, n.text));

-- Vouchers have their finding in the equation that they disturb. What is dated after the proven days is told with them.
INSERT INTO found BY NAME
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, kind, document || ' ' || what AS id,
       0 AS amount, severity, text,
       least(day, choice('last')::DATE) AS first_day,
       CASE kind
           WHEN 'invoice credited' THEN 'refund it in Stripe too, or take the credit back: Stripe knows nothing of it'
           WHEN 'invoice cancelled' THEN 'ask who cancelled it; what was paid in Stripe has no invoice now'
           WHEN 'customer changed' THEN ''
           ELSE 'find out who changed it in Fortnox; it is never written over'
       END AS remedy
FROM drifted WHERE kind NOT LIKE 'voucher %';
