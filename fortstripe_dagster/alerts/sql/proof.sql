-- What the proof alarms on: each finding that has a name once, and differences that have none.
WITH findings AS (
    SELECT id, kind, arg_max(text, day) AS text, arg_max(remedy, day) AS remedy, min(first_day) AS first_day
    FROM proof.items WHERE severity = 'alarm' GROUP BY id, kind
),
nameless AS (
    SELECT t.equation, t.balance_type, t.currency, t.account, min(t.day) AS first_day, arg_max(t.difference, t.day) AS difference
    FROM proof.tie_out t
    WHERE t.status = 'alarm' AND NOT EXISTS (
        FROM proof.items i WHERE i.severity = 'alarm' AND i.day = t.day AND i.equation = t.equation
            AND i.currency = t.currency AND i.account = t.account)
    GROUP BY t.equation, t.balance_type, t.currency, t.account
)
SELECT kind || ':' || id AS subject, 'Since ' || first_day || ': ' || text AS text, remedy, true AS urgent, true AS lasts
FROM findings
UNION ALL
SELECT 'equation ' || equation || ':' || balance_type || ':' || currency || ':' || account,
       'Since ' || first_day || ' equation ' || equation || ' of the proof is off by ' || difference || ' ' || currency
           || CASE WHEN account <> '' THEN ' on account ' || account ELSE '' END || ', and nothing explains it.',
       'read the certificate of that day, and sync it again.', true, true
FROM nameless
ORDER BY 1;
