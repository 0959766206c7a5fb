-- Where the books hold what stood open at Stripe when they begin (opening = in_books): is it the same, account by account,
-- and what of it do people have to settle on their own invoices? Clearing and transit are Stripe's alone; on the others more
-- may stand than we know of, never less, and their customers' invoices may stand on a receivable account of their own.
-- Nothing without: choices WHERE name = 'opening' AND value = 'in_books'
INSERT INTO found BY NAME
WITH opened AS (
    SELECT account, amount AS at_stripe, 0 AS in_books FROM ledger_side WHERE unit LIKE 'entry:opening:%'
    UNION ALL
    SELECT account, 0, amount FROM fortnox_side WHERE unit = 'before the start'
),
compared AS (
    SELECT equation, currency, account, 'own' AS role FROM own_accounts
    UNION ALL
    SELECT CASE role WHEN 'receivable' THEN '5' ELSE '6' END, 'SEK', number, role
    FROM ledger.account_map WHERE role IN ('disputed', 'deferred_revenue', 'receivable')
),
summed AS (
    SELECT c.*, sum(p.at_stripe) AS at_stripe, sum(p.in_books) AS in_books
    FROM compared c JOIN opened p USING (account)
    GROUP BY ALL
),
differing AS (
    SELECT *, role = 'receivable' OR role <> 'own' AND (in_books - at_stripe) * sign(at_stripe) > 0 AS may_be
    FROM summed
    WHERE in_books <> at_stripe AND (role = 'own' OR at_stripe <> 0)
)
SELECT equation, currency, account, 'opening differs' AS kind, account AS id, in_books - at_stripe AS amount,
       CASE WHEN may_be THEN 'info' ELSE 'waits' END AS severity,
       'Account ' || account || ' stood at ' || said(in_books, 'SEK') || ' in Fortnox before ' || start_date()
           || '; by Stripe it is ' || said(at_stripe, 'SEK') AS text,
       CASE WHEN may_be THEN 'see whether the difference is other business of the company; else correct it in Fortnox with a '
                             || 'voucher dated before ' || start_date()
            ELSE 'find out what was booked too much or too little, and correct it in Fortnox with a voucher dated before '
                 || start_date() END AS remedy,
       start_date() AS first_day
FROM differing
WHERE choice('opening') = 'in_books';

-- An invoice of people's own is paid through Stripe: the payment stands on the receivables of vouchers until somebody
-- registers it on that invoice. Which of them that was done for, only the sum tells.
-- Nothing without: choices WHERE name = 'opening' AND value = 'in_books'
INSERT INTO found BY NAME
WITH settled AS (
    SELECT s.sale_id, coalesce(s.number, s.sale_id) AS number, min(l.event_day) AS day, sum(l.credit - l.debit) AS amount
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    JOIN ledger.sales s ON s.sale_id = e.sale_id
    WHERE l.account = account('receivable') AND l.event_day <= choice('last')::DATE AND e.kind <> 'opening_receivable'
      AND e.sale_id IN (SELECT sale_id FROM ledger.entries WHERE kind = 'opening_receivable')
    GROUP BY ALL HAVING sum(l.credit - l.debit) <> 0
),
registered AS (
    SELECT coalesce(sum(l.amount), 0) AS amount
    FROM proof.fortnox_lines l
    JOIN vouchers v ON v.year_id = l.year_id AND v.series = l.series AND v.number IS NOT DISTINCT FROM l.number
    WHERE l.account = account('voucher_receivable') AND NOT v.ours AND v.day BETWEEN start_date() AND choice('last')::DATE
)
SELECT '5' AS equation, 'SEK' AS currency, account('receivable') AS account, 'paid, older than the books' AS kind,
       account('voucher_receivable') AS id, sum(s.amount) - any_value(r.amount) AS amount, 'waits' AS severity,
       said(sum(s.amount) - any_value(r.amount), 'SEK') || ' of invoices from before ' || start_date()
           || ' came in through Stripe and is not registered on them: '
           || string_agg(s.number || ' ' || said(s.amount, 'SEK'), ', ' ORDER BY s.day, s.number) AS text,
       'register those payments in Fortnox on the invoices, against account ' || account('voucher_receivable') AS remedy,
       min(s.day) AS first_day
FROM settled s, registered r
WHERE choice('opening') = 'in_books'
HAVING sum(s.amount) <> any_value(r.amount);
