-- What fortstripe would book beside what people booked of Stripe, by day and by month of the compared days, and account;
-- kronor, debit positive. Receivables are one account, as in the proof. Documents that were delivered before the mode
-- became shadow are left out on both sides, and so are entries that nobody could deliver yet (held).
CREATE TABLE IF NOT EXISTS proof.shadow (
    period VARCHAR NOT NULL,          -- day, month
    starts DATE NOT NULL,
    account VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    ours DECIMAL(18, 2) NOT NULL,
    theirs DECIMAL(18, 2) NOT NULL,
    difference DECIMAL(18, 2) NOT NULL,
    status VARCHAR NOT NULL,          -- same; other days (equal over the month); ours alone; theirs alone; differs
    our_entries VARCHAR NOT NULL,     -- kinds of entry with their number and sum
    their_vouchers VARCHAR NOT NULL   -- vouchers with their text and sum
);

CREATE OR REPLACE TEMP TABLE shadow_lines AS
WITH delivered AS (SELECT unnest(entry_ids) AS entry_id FROM documents WHERE status = 'done'),
ours AS (
    SELECT e.event_day AS day, proven_account(l.account) AS account, 'ours' AS side, e.kind AS what,
           sum(l.debit - l.credit) AS amount, count(DISTINCT e.entry_id) AS entries
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    WHERE e.held IS NULL AND e.kind NOT LIKE 'opening%' AND e.entry_id NOT IN (SELECT entry_id FROM delivered)
    GROUP BY ALL
),
theirs AS (
    SELECT v.day, proven_account(l.account) AS account, 'theirs' AS side,
           v.series || ' ' || coalesce(v.number::VARCHAR, '(no number)') || coalesce(' ' || nullif(v.text, ''), '') AS what,
           sum(l.amount) AS amount, 1 AS entries
    FROM stripe_vouchers s
    JOIN vouchers v ON v.year_id = s.year_id AND v.series = s.series AND v.number IS NOT DISTINCT FROM s.number
    JOIN proof.fortnox_lines l ON l.year_id = v.year_id AND l.series = v.series AND l.number IS NOT DISTINCT FROM v.number
    WHERE NOT v.ours
    GROUP BY ALL
)
FROM ours UNION ALL BY NAME FROM theirs;

DELETE FROM proof.shadow WHERE CASE period WHEN 'day' THEN starts BETWEEN choice('first')::DATE AND choice('last')::DATE
    ELSE starts BETWEEN date_trunc('month', choice('first')::DATE) AND choice('last')::DATE END;

INSERT INTO proof.shadow BY NAME
WITH compared AS (
    SELECT 'day' AS period, day AS starts, * EXCLUDE day FROM shadow_lines
    WHERE day BETWEEN choice('first')::DATE AND choice('last')::DATE
    UNION ALL BY NAME
    SELECT 'month' AS period, date_trunc('month', day)::DATE AS starts, * EXCLUDE day FROM shadow_lines
    WHERE day BETWEEN choice('first')::DATE AND choice('last')::DATE
),
parts AS (
    SELECT period, starts, account, side, what, sum(amount) AS amount, sum(entries) AS entries
    FROM compared GROUP BY ALL HAVING sum(amount) <> 0
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY period, starts, account, side ORDER BY abs(amount) DESC, what) AS nth FROM parts
),
summed AS (
    SELECT period, starts, account,
           coalesce(sum(amount) FILTER (side = 'ours'), 0) AS ours,
           coalesce(sum(amount) FILTER (side = 'theirs'), 0) AS theirs,
           coalesce(string_agg(what || ' (' || entries || ') ' || amount, ', ' ORDER BY nth) FILTER (side = 'ours' AND nth <= 5), '')
               AS our_entries,
           coalesce(string_agg(what || ' ' || amount, ', ' ORDER BY nth) FILTER (side = 'theirs' AND nth <= 5), '')
               || CASE WHEN count(*) FILTER (side = 'theirs') > 5
                       THEN ', and ' || (count(*) FILTER (side = 'theirs') - 5) || ' more' ELSE '' END AS their_vouchers
    FROM ranked GROUP BY ALL
),
months AS (SELECT starts AS month, account, ours = theirs AS equal FROM summed WHERE period = 'month')
SELECT s.period, s.starts, s.account, coalesce(n.name, '') AS name, s.ours, s.theirs, s.ours - s.theirs AS difference,
       CASE WHEN s.ours = s.theirs THEN 'same' WHEN s.period = 'day' AND m.equal THEN 'other days'
            WHEN s.their_vouchers = '' THEN 'ours alone' WHEN s.our_entries = '' THEN 'theirs alone' ELSE 'differs' END AS status,
       s.our_entries, s.their_vouchers
FROM summed s
LEFT JOIN (SELECT account, any_value(name) AS name FROM proof.fortnox_accounts GROUP BY account) n USING (account)
LEFT JOIN months m ON m.account = s.account AND m.month = date_trunc('month', s.starts)
ORDER BY s.period, s.starts, s.account;
