-- What the month was booked with, and what stands where: the short form of the system documentation.
WITH facts AS (
    SELECT 1 AS place, 'program' AS what, getvariable('close_program')::VARCHAR AS value
    UNION ALL SELECT 2, 'rule_version', value FROM ledger.policy WHERE name = 'rule_version'
    UNION ALL SELECT 3, 'choices', value FROM ledger.policy WHERE name = 'choices'
    UNION ALL SELECT 4, 'stripe_account', id || CASE WHEN livemode THEN '' ELSE ' (test)' END FROM stripe.account
    UNION ALL SELECT 5, 'stripe_version', string_agg(DISTINCT api_version, ', ' ORDER BY api_version)
              FROM stripe.raw_objects
    UNION ALL SELECT 6, 'voucher_series', string_agg(DISTINCT voucher_series, ', ' ORDER BY voucher_series)
              FROM delivery.documents WHERE in_month(day)
    UNION ALL SELECT 7, 'rule_versions', string_agg(DISTINCT rule_version, ', ' ORDER BY rule_version)
              FROM ledger.entries WHERE in_month(event_day)
    UNION ALL SELECT 8, 'deliveries', count(*)::VARCHAR
              FROM delivery.runs WHERE first_day <= month_last() AND last_day >= month_first()
)
SELECT what AS kind, coalesce(value, '') AS value FROM facts ORDER BY place
