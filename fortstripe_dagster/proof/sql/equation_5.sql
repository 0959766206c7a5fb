-- 5: Fortnox's account of receivables = its sub-ledger, the open balances of booked invoices. Fortnox tells those only as
-- they are now: on an earlier day they are what the vouchers of invoices and payments since then do not account for.
CREATE OR REPLACE TEMP TABLE receivable_vouchers AS
SELECT v.unit, v.series, v.day, l.amount
FROM proof.fortnox_lines l
JOIN vouchers v ON v.year_id = l.year_id AND v.series = l.series AND v.number IS NOT DISTINCT FROM l.number
WHERE l.account = account('receivable')
UNION ALL
SELECT 'before the start', '', DATE '0001-01-01', opening FROM proof.fortnox_accounts
WHERE account = account('receivable') AND year_id = (SELECT min_by(year_id, first_day) FROM proof.fortnox_years);

-- What is open in Fortnox of each sale of ours, its credit invoices included; kronor.
CREATE OR REPLACE TEMP TABLE open_by_sale AS
SELECT coalesce(c.sale_id, referred(i.reference)) AS sale_id, sum(round(i.balance * i.sek_per_unit, 2)) AS balance,
       string_agg(i.number, ', ' ORDER BY i.number) FILTER (i.balance <> 0) AS numbers
FROM proof.fortnox_invoices i
LEFT JOIN ledger.credits c ON c.credit_id = referred(i.reference)
WHERE i.booked AND NOT i.cancelled AND i.reference IS NOT NULL
GROUP BY ALL;

-- Series in which Fortnox books invoices and their payments. Where the account and the sub-ledger agree as they are,
-- there is nothing that such a distinction could explain.
CREATE OR REPLACE TEMP TABLE sub_ledger_series AS
WITH sub_ledger AS (
    SELECT coalesce(sum(round(balance * sek_per_unit, 2)), 0) AS balance
    FROM proof.fortnox_invoices WHERE booked AND NOT cancelled
)
SELECT DISTINCT series FROM receivable_vouchers, sub_ledger
WHERE sub_ledger.balance = (SELECT coalesce(sum(amount), 0) FROM receivable_vouchers)
   OR series IN (SELECT voucher_series FROM proof.fortnox_invoices WHERE voucher_series IS NOT NULL)
   OR series IN (SELECT series FROM documents
                 WHERE kind IN ('invoice', 'credit_invoice', 'payment') AND series IS NOT NULL);

INSERT INTO sides BY NAME
WITH placed AS (
    SELECT CASE WHEN day < start_date() THEN 'before the start' ELSE unit END AS unit, series,
           greatest(day, start_date()) AS day, amount
    FROM receivable_vouchers
)
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, unit, day, amount AS left_side,
       0 AS right_side
FROM placed
UNION ALL BY NAME
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, unit, day, 0 AS left_side,
       amount AS right_side
FROM placed WHERE unit <> 'before the start' AND series IN (SELECT series FROM sub_ledger_series)
UNION ALL BY NAME
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, 'before the start' AS unit,
       start_date() AS day, 0 AS left_side,
       (SELECT coalesce(sum(round(balance * sek_per_unit, 2)), 0) FROM proof.fortnox_invoices
        WHERE booked AND NOT cancelled)
       - (SELECT coalesce(sum(amount), 0) FROM placed
          WHERE unit <> 'before the start' AND series IN (SELECT series FROM sub_ledger_series)) AS right_side;
