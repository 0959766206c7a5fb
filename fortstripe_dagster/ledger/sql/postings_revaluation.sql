-- The revaluation of foreign balances: kronor alone, for no foreign money moves.
-- Nothing without: ledger.revaluations
INSERT INTO ledger.postings BY NAME
SELECT 'revaluation:' || r.currency || ':' || r.account || ':' || r.day AS entry_id, r.day, 'revaluation' AS kind,
       r.currency AS settlement, r.currency,
       'Omvärdering ' || r.currency || ' till kurs ' || rtrim(rtrim(r.sek_per_unit::VARCHAR, '0'), '.') AS text, l.*
FROM ledger.revaluations r,
LATERAL (VALUES
    (1, r.account, r.revaluation_ore, 0),
    (2, account(CASE WHEN r.revaluation_ore > 0 THEN 'exchange_gain' ELSE 'exchange_loss' END), -r.revaluation_ore, NULL)
) AS l(line_no, account, ore, amount)
WHERE r.revaluation_ore <> 0;
