-- Reverse charge (omvänd skattskyldighet) is computed on the day's sum of each class, as the voucher shows it.
-- Nothing without: ledger.fees WHERE reverse_charge
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
