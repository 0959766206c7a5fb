-- $count sales of 125 kr on $day, each by a customer of its own and paid at once; the same customers every day.
CREATE TEMP TABLE sold AS
SELECT
    i AS number,
    'ch_' || strftime($day::DATE, '%m%d') || '_' || i AS sale_id,
    $day::DATE AS day
FROM range($count) AS t (i);

INSERT INTO ledger.parties BY NAME
SELECT
    sale_id, 'cus_' || number AS party_id, 'cus_' || number AS customer, 'Kund ' || number AS name,
    'kund' || number || '@example.com' AS email, 'SE' AS country, 'SE' AS region, 'consumer' AS buyer
FROM sold;

INSERT INTO ledger.sales BY NAME
SELECT
    sale_id, 'charge' AS kind, day AS event_day, sale_id AS charge, 'cus_' || number AS party_id, 'SEK' AS currency,
    12500 AS gross, 12500 AS gross_ore, day AS due_day, 'Order' AS text, 'se_taxable' AS treatment, 1 AS sek_per_unit,
    FALSE AS before_start
FROM sold;

INSERT INTO ledger.sale_rows BY NAME
SELECT
    sale_id, 1 AS row_no, 'Order ' || number AS description, 1 AS quantity, 'se_taxable' AS treatment, '05' AS box,
    25 AS vat_rate, 'SEK' AS currency, 12500 AS gross, 12500 AS gross_ore, 2500 AS vat_ore, 10000 AS net_ore,
    '3001' AS account, '2611' AS vat_account
FROM sold;

INSERT INTO ledger.entries BY NAME
SELECT
    kind || ':' || sale_id AS entry_id, day AS event_day, kind, sale_id, 'SEK' AS settlement, 'bench' AS rule_version
FROM sold CROSS JOIN (VALUES ('sale'), ('payment')) AS kinds (kind);

INSERT INTO ledger.lines BY NAME
SELECT
    kind || ':' || sale_id AS entry_id, day AS event_day, line_no, account, debit, credit, 'SEK' AS currency, vat_rate
FROM sold CROSS JOIN (
    VALUES
    ('sale', 1, '1510', 125, 0, NULL),
    ('sale', 2, '3001', 0, 100, 25),
    ('sale', 3, '2611', 0, 25, 25),
    ('payment', 1, '1686', 125, 0, NULL),
    ('payment', 2, '1510', 0, 125, NULL)
) AS lines (kind, line_no, account, debit, credit, vat_rate);

DROP TABLE sold;
