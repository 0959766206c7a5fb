-- Fees: D fee account / K clearing, an entry for each balance transaction that carried one.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT DISTINCT f.entry_id, f.day, 'fee' AS kind, m.source, m.id AS balance_transaction, m.charge,
           f.currency AS settlement, coalesce(m.description, m.type) AS text, f.currency
    FROM ledger.fees f
    JOIN ledger.movements m ON m.id = f.balance_transaction
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('clearing:' || currency) AS account, -sum(amount_ore) AS ore,
           -sum(amount) AS amount, NULL AS treatment
    FROM ledger.fees GROUP BY entry_id, currency
    UNION ALL
    SELECT entry_id, 2, account, amount_ore, amount, class FROM ledger.fees
)
SELECT e.*, l.* EXCLUDE entry_id FROM entry e JOIN lines l USING (entry_id) WHERE l.ore <> 0;

-- Reverse charge (omvänd skattskyldighet) is computed on the day's sum of each class, as the voucher shows it.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT 'fee_vat:' || day || ':' || currency || ':' || class AS entry_id, day, 'fee_vat' AS kind,
           currency AS settlement, 'Omvänd moms på Stripes avgifter' AS text, 'SEK' AS currency,
           round_div(sum(amount_ore) * 25, 100) AS vat_ore
    FROM ledger.fees WHERE reverse_charge
    GROUP BY day, ledger.fees.currency, class
)
SELECT e.* EXCLUDE vat_ore, l.*, 25 AS vat_rate, 'reverse_charge' AS treatment
FROM entry e,
LATERAL (VALUES (1, account('reverse_charge_input_vat'), e.vat_ore), (2, account('reverse_charge_output_vat'), -e.vat_ore))
    AS l(line_no, account, ore)
WHERE e.vat_ore <> 0;
