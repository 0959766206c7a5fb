-- Own commission from sellers (Stripe Connect, application fees): D clearing / K sales and output VAT, and back when it is
-- refunded. The fee that Stripe moves includes its VAT. Undecided ones are held on suspense (movements.sql).
-- Nothing without: ledger.movements WHERE treatment IN ('commission', 'commission_refund')
INSERT INTO ledger.postings BY NAME
WITH chosen AS (SELECT policy('commission_vat_rate')::DECIMAL(5, 2) AS rate),
entry AS (
    SELECT m.id AS entry_id, m.day, m.treatment AS kind, m.source, m.id AS balance_transaction, m.currency AS settlement,
           coalesce(m.description, m.type) AS text, m.currency, m.amount, m.amount_ore,
           c.rate, vat_of_gross(m.amount_ore, c.rate) AS vat_ore
    FROM ledger.movements m, chosen c
    WHERE m.treatment IN ('commission', 'commission_refund') AND m.held IS NULL
),
lines AS (
    SELECT entry_id, 1 AS line_no, account('clearing:' || settlement) AS account, amount_ore AS ore, amount,
           NULL AS vat_rate, NULL AS treatment
    FROM entry
    UNION ALL
    SELECT entry_id, 2, account_of_rate('sales', rate), vat_ore - amount_ore, NULL, rate, 'commission' FROM entry
    UNION ALL
    SELECT entry_id, 3, account_of_rate('output_vat', rate), -vat_ore, NULL, rate, 'commission' FROM entry
)
SELECT e.* EXCLUDE (amount, amount_ore, rate, vat_ore), l.* EXCLUDE entry_id
FROM entry e JOIN lines l USING (entry_id)
WHERE l.ore <> 0;
