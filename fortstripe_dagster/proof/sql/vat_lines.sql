-- Every line of the ledger that is in a box of the VAT return (momsdeklaration), with the Stripe objects behind it. `amount`
-- is kronor as the box counts them. A base is in the box of its treatment, VAT in the box of its account's part and rate.
CREATE TABLE IF NOT EXISTS proof.vat_lines (
    day DATE NOT NULL,
    box VARCHAR NOT NULL,              -- 05 … 48, or OSS
    part VARCHAR NOT NULL,             -- base, vat
    entry_id VARCHAR NOT NULL,
    line_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    amount DECIMAL(18, 2) NOT NULL,
    vat_rate DECIMAL(5, 2),
    treatment VARCHAR,
    tax_place VARCHAR,                 -- the country of the VAT under the One Stop Shop
    sale_id VARCHAR,
    credit_id VARCHAR,
    charge VARCHAR,
    balance_transaction VARCHAR,
    source VARCHAR,
    customer VARCHAR,
    vat_number VARCHAR,
    computed BOOLEAN NOT NULL,         -- the base of an advance: no line of the ledger holds it
    held VARCHAR                       -- why it waits; such a line is in no sum
);

DELETE FROM proof.vat_lines WHERE day BETWEEN getvariable('vat_first') AND getvariable('vat_last');

INSERT INTO proof.vat_lines BY NAME
WITH sold AS (
    SELECT sale_id, treatment, vat_rate, any_value(tax_place) AS tax_place,
           sum(net_ore)::HUGEINT AS net_ore, sum(vat_ore)::HUGEINT AS vat_ore
    FROM ledger.sale_rows GROUP BY ALL
),
vat_accounts AS (
    SELECT vat_account AS account FROM ledger.sale_rows WHERE vat_rate > 0
    UNION SELECT vat_account FROM ledger.credit_rows WHERE vat_rate > 0
    UNION SELECT number FROM ledger.account_map WHERE role LIKE 'output_vat:%'
),
-- Fees are in a box where VAT is reckoned on them: the company is the one liable.
reverse_charged AS (
    SELECT entry_id FROM ledger.entries WHERE kind = 'fee_vat'
),
lines AS (
    SELECT l.event_day AS day, l.entry_id, l.line_no, e.kind, l.account, l.debit - l.credit AS debit, l.vat_rate,
           l.treatment, s.tax_place, s.net_ore, s.vat_ore, e.sale_id, e.credit_id, e.charge, e.balance_transaction,
           e.source, p.name AS customer, p.vat_number, e.held,
           CASE WHEN e.kind = 'fee_vat' THEN coalesce(r.role, CASE l.line_no WHEN 1 THEN 'reverse_charge_input_vat'
                                                                         ELSE 'reverse_charge_output_vat' END)
                WHEN o.account IS NOT NULL THEN 'output_vat' ELSE '' END AS plays,
           CASE WHEN e.kind = 'fee_vat' OR o.account IS NOT NULL THEN 'vat' ELSE 'base' END AS part
    FROM ledger.lines l
    JOIN ledger.entries e USING (entry_id)
    LEFT JOIN sold s ON s.sale_id = e.sale_id AND s.treatment = l.treatment AND s.vat_rate = l.vat_rate
    LEFT JOIN vat_accounts o ON o.account = l.account
    LEFT JOIN ledger.parties p ON p.sale_id = e.sale_id
    LEFT JOIN ledger.account_map r
      ON r.number = l.account AND r.role IN ('reverse_charge_input_vat', 'reverse_charge_output_vat')
    WHERE l.event_day BETWEEN getvariable('vat_first') AND getvariable('vat_last') AND l.treatment IS NOT NULL
      AND (e.kind <> 'fee'
           OR 'fee_vat:' || l.event_day || ':' || e.settlement || ':' || l.treatment IN (FROM reverse_charged))
),
-- An advance is posted with its VAT alone; what the VAT was reckoned on belongs in the return of the same period.
parts AS (
    SELECT *, false AS computed, debit AS counted FROM lines
    WHERE part = 'vat' OR kind NOT IN ('advance_vat', 'advance_vat_settled')
    UNION ALL
    SELECT * REPLACE ('base' AS part, '' AS plays), true AS computed,
           (sign(debit)::HUGEINT * ((2 * abs(debit * 100)::HUGEINT * abs(net_ore) + abs(vat_ore)) // (2 * abs(vat_ore))))
               ::DECIMAL(15, 0) * 0.01::DECIMAL(3, 2) AS counted
    FROM lines WHERE part = 'vat' AND kind IN ('advance_vat', 'advance_vat_settled') AND vat_ore <> 0
),
ruled AS (
    SELECT p.*, coalesce(r.box, k.box) AS box
    FROM parts p
    LEFT JOIN vat_rules r
      ON r.part = p.part AND coalesce(r.treatment, p.treatment) = p.treatment AND coalesce(r.role, p.plays) = p.plays
     AND coalesce(r.rate, p.vat_rate, 0) = coalesce(p.vat_rate, 0)
    LEFT JOIN (SELECT treatment, any_value(box) AS box FROM ledger.vat_treatment_kinds GROUP BY treatment) k
      ON k.treatment = p.treatment AND p.part = 'base'
    QUALIFY row_number() OVER (PARTITION BY p.entry_id, p.line_no, p.part
                               ORDER BY r.treatment IS NOT NULL DESC, r.rate IS NOT NULL DESC) = 1
)
SELECT r.* EXCLUDE (debit, counted, net_ore, vat_ore, plays, box), coalesce(r.box, '?') AS box,
       CASE WHEN b.side = 'debit' THEN r.counted ELSE -r.counted END AS amount
FROM ruled r
LEFT JOIN vat_boxes b ON b.box = r.box
WHERE r.box IS NULL OR r.box <> '';
