-- 2, 3b, 6: the ledger in kronor = Fortnox's general ledger. Between them stand documents: an entry's lines are booked by
-- the document that holds it, whatever the account, and Fortnox's voucher of that document must say the same.

-- Receivables of vouchers and roundings to whole kronor are Fortnox's own affair: one receivable for the proof.
CREATE OR REPLACE TEMP MACRO proven_account(any_account) AS
    CASE WHEN any_account IN (account('receivable'), account('voucher_receivable'), account('rounding'))
         THEN account('receivable') ELSE any_account END;

CREATE OR REPLACE TEMP TABLE ledger_side AS
WITH in_documents AS (
    SELECT l.entry_id, l.document_id AS unit, coalesce(e.event_day, l.day) AS day, proven_account(l.account) AS account,
           sum(l.debit - l.credit) AS amount
    FROM delivery.document_lines l
    JOIN documents d USING (document_id)
    LEFT JOIN ledger.entries e USING (entry_id)
    GROUP BY ALL
),
in_ledger AS (
    SELECT entry_id, event_day AS day, proven_account(account) AS account, sum(debit - credit) AS amount
    FROM ledger.lines GROUP BY ALL
)
SELECT unit, day, account, amount FROM in_documents
UNION ALL
-- What no document holds, or holds otherwise than the ledger says now.
SELECT 'entry:' || entry_id, day, account, sum(amount)
FROM (SELECT entry_id, day, account, amount FROM in_ledger
      UNION ALL SELECT entry_id, day, account, -amount FROM in_documents)
GROUP BY entry_id, day, account
HAVING sum(amount) <> 0;

CREATE OR REPLACE TEMP TABLE fortnox_side AS
WITH since AS (
    SELECT v.unit, v.day, proven_account(l.account) AS account, l.account AS own_account, v.ours, l.amount
    FROM proof.fortnox_lines l
    JOIN vouchers v ON v.year_id = l.year_id AND v.series = l.series AND v.number IS NOT DISTINCT FROM l.number
)
SELECT unit, day, account, ours, sum(amount) AS amount FROM since WHERE day >= start_date() GROUP BY ALL
UNION ALL
-- The opening balance is the first year's; later years' only repeat what the vouchers between them say.
SELECT 'before the start', start_date(), account, false, sum(amount)
FROM (
    SELECT own_account AS account, amount FROM since WHERE day < start_date()
    UNION ALL
    SELECT account, opening FROM proof.fortnox_accounts
    WHERE year_id = (SELECT min_by(year_id, first_day) FROM proof.fortnox_years)
)
GROUP BY account
HAVING sum(amount) <> 0;

-- Accounts whose whole balance is ours to explain.
CREATE OR REPLACE TEMP TABLE own_accounts AS
SELECT
    CASE split_part(role, ':', 1) WHEN 'clearing' THEN '2' ELSE '3b' END AS equation,
    number AS account,
    string_agg(split_part(role, ':', 2), ' + ' ORDER BY role) AS currency
FROM ledger.account_map
WHERE role LIKE 'clearing:%' OR (role LIKE 'transit:%' AND policy('bank_leg') = 'book')
GROUP BY ALL;

INSERT INTO sides BY NAME
SELECT equation, currency, account, unit, day, amount AS left_side
FROM ledger_side JOIN own_accounts USING (account);

INSERT INTO sides BY NAME
SELECT equation, currency, account, unit, day, amount AS right_side
FROM fortnox_side JOIN own_accounts USING (account);

-- On all other accounts the company books much else: our documents alone are compared.
INSERT INTO sides BY NAME
SELECT '6' AS equation, 'SEK' AS currency, account, unit, day, amount AS left_side
FROM ledger_side ANTI JOIN own_accounts USING (account);

INSERT INTO sides BY NAME
SELECT '6' AS equation, 'SEK' AS currency, account, unit, day, amount AS right_side
FROM fortnox_side ANTI JOIN own_accounts USING (account)
WHERE ours;
