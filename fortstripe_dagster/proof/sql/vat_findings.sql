-- What a person should know before the return is filed: kind, id, box, amount, severity, text, remedy.
WITH period AS (
    SELECT * FROM proof.vat_lines WHERE day BETWEEN getvariable('vat_first') AND getvariable('vat_last')
),
not_synced AS (
    SELECT day FROM (SELECT unnest(generate_series(
        greatest(getvariable('vat_first')::DATE,
                 (SELECT value::DATE FROM ledger.policy WHERE name = 'start_date')),
        getvariable('vat_last')::DATE, INTERVAL 1 DAY))::DATE AS day)
    WHERE day NOT IN (SELECT day FROM ledger.covered_days)
),
output_vat AS (
    SELECT p.box, p.vat_rate, sum(p.amount) FILTER (p.part = 'vat') AS vat,
           sum(p.amount) FILTER (p.part = 'base') AS base, count(*) AS lines
    FROM (SELECT CASE WHEN part = 'vat' THEN box END AS box, * EXCLUDE box FROM period
          WHERE held IS NULL AND box IN ('05', '10', '11', '12') AND vat_rate > 0) p
    GROUP BY p.vat_rate, p.box
),
by_rate AS (
    SELECT vat_rate, max(box) AS box, sum(vat) AS vat, sum(base) AS base, sum(lines) AS lines
    FROM output_vat GROUP BY vat_rate
),
found AS (
    SELECT 'in no box' AS kind, entry_id AS id, '?' AS box, sum(amount) AS amount, 'alarm' AS severity,
           entry_id || ' of ' || any_value(day) || ': no rule says in which box ' || any_value(treatment)
               || coalesce(' at ' || any_value(vat_rate) || ' %', '') || ' on account ' || any_value(account) || ' belongs'
               AS text,
           'report it with that id, and fill in that figure by hand' AS remedy
    FROM period WHERE box = '?' AND held IS NULL GROUP BY entry_id
    UNION ALL
    SELECT 'held', entry_id, box, sum(amount), 'waits',
           entry_id || ' of ' || any_value(day) || ' is held and would add ' || sum(amount) || ' to box ' || box || ': '
               || any_value(held),
           'mend the reason and sync that day again before the return is filed'
    FROM period WHERE held IS NOT NULL GROUP BY entry_id, box
    UNION ALL
    SELECT 'held without VAT', entry_id, '', 0, 'waits', entry_id || ' of ' || event_day || ' has no VAT yet: ' || held,
           'mend the reason and sync that day again before the return is filed'
    FROM ledger.entries
    WHERE held IS NOT NULL AND kind IN ('sale', 'cash_sale', 'sale_credit', 'credit')
      AND entry_id NOT IN (SELECT entry_id FROM period)
      AND event_day BETWEEN getvariable('vat_first') AND getvariable('vat_last')
    UNION ALL
    SELECT 'no VAT number', entry_id, box, sum(amount), 'alarm',
           entry_id || ' (' || coalesce(any_value(customer), 'no name') || ') is in box ' || box
               || ' and has no VAT number for the EC sales list',
           'write the VAT number on the customer in Stripe and sync that day again'
    FROM period WHERE box IN ('35', '39') AND vat_number IS NULL AND held IS NULL GROUP BY entry_id, box
    UNION ALL
    -- Each sale may be off by half an öre, no more.
    SELECT 'VAT and base differ', vat_rate || ' %', coalesce(box, ''), vat - base * vat_rate * 0.01, 'alarm',
           'VAT at ' || vat_rate || ' % is ' || coalesce(vat, 0) || ' on a base of ' || coalesce(base, 0)
               || ', which makes ' || (coalesce(base, 0) * vat_rate * 0.01)::DECIMAL(18, 2),
           'look through the lines of that box: VAT or base stands on another account'
    FROM by_rate
    WHERE abs(coalesce(vat, 0) - coalesce(base, 0) * vat_rate * 0.01) > 1 + lines * 0.01
    UNION ALL
    SELECT 'not synced', min(day)::VARCHAR, '', 0, 'waits',
           count(*) || ' days of the period have not been synced, the first is ' || min(day),
           'run fortstripe sync --from ' || min(day) || ' --to ' || max(day)
    FROM not_synced HAVING count(*) > 0
)
SELECT kind, id, box, amount::DECIMAL(18, 2), severity, text, remedy FROM found ORDER BY kind, id, box;
