-- What stood open at Stripe at the midnight when the books here begin: its balances, payouts on their way to the bank,
-- and disputes for which money had left. Posted only after a person approved it, or never where the books hold it.
INSERT INTO ledger.postings BY NAME
WITH opening AS (
    SELECT 'opening:' || currency || ':' || balance_type AS entry_id, NULL AS source, currency, opening AS amount,
           account('clearing:' || currency) AS account,
           'Ingående saldo hos Stripe i ' || currency AS text
    FROM stripe.opening_balances
    WHERE opening <> 0
    UNION ALL
    SELECT 'opening:' || currency || ':transit:' || payout, payout, currency, amount, account('transit:' || currency),
           'Ingående saldo: utbetalning ' || payout || ' på väg'
    FROM stripe.opening_payouts
    WHERE on_its_way
    UNION ALL
    SELECT 'opening:' || currency || ':disputed:' || dispute, dispute, currency, amount, account('disputed'),
           'Ingående saldo: tvist ' || dispute
    FROM stripe.opening_disputes
),
entry AS (
    SELECT o.entry_id, policy('start_date')::DATE AS day, 'opening' AS kind, o.source, o.currency AS settlement, o.text,
           o.currency, o.amount, o.account AS held_on, to_ore(o.amount, o.currency, e.sek_per_unit) AS ore
    FROM opening o
    JOIN ledger.exchange_rates e
      ON e.currency = o.currency AND e.day IS NOT DISTINCT FROM rate_day(policy('start_date')::DATE, o.currency)
    JOIN ledger.covered_days c ON c.day = policy('start_date')::DATE
)
SELECT e.* EXCLUDE (amount, held_on, ore), l.*
FROM entry e,
LATERAL (VALUES (1, e.held_on, e.ore, e.amount), (2, account('suspense'), -e.ore, -e.amount))
    AS l(line_no, account, ore, amount);
