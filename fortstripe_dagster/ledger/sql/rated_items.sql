-- What was sold with its VAT decided (an agent's commission: by the company's own choice, as for application fees): rate,
-- accounts, box, and how the VAT that Stripe charged compares with the VAT due.
-- The rate abroad is the company's own reduced rate, else the country's standard rate of the day of supply, unless Stripe
-- charged VAT.
-- Nothing without: ledger.sale_items
CREATE OR REPLACE TABLE ledger.rated_items AS
WITH keyed AS (
    -- Conditions on one side alone would keep the joins below from being hash joins.
    SELECT *, CASE WHEN NOT outside_vat THEN vat_rate = 0 END AS exempt FROM ledger.sale_items
),
ruled AS (
    SELECT i.* EXCLUDE (exempt), d.decision, d.tax_place, d.vat_type,
           CASE i.kind WHEN 'commission' THEN 'sales:{rate}' ELSE d.account END AS account_pattern,
           CASE i.kind WHEN 'commission' THEN 'output_vat:{rate}' ELSE d.vat_account END AS vat_account_pattern,
           d.treatment AS decided_treatment, d.box AS decided_box,
           CASE i.kind WHEN 'commission' THEN 'row' ELSE d.rate END AS rate_kind,
           CASE WHEN d.rate = 'destination' THEN d.tax_place END AS destination
    FROM keyed i
    LEFT JOIN ledger.vat_decisions d ON d.sale_id = i.sale_id AND d.supply = i.supply AND d.exempt = i.exempt
),
decided AS (
    SELECT
        i.* EXCLUDE (decided_treatment, decided_box, rate_kind, destination),
        -- Gift cards and tips are no supplies yet, so they are in no VAT box.
        CASE WHEN i.outside_vat OR i.kind = 'commission' THEN i.kind ELSE i.decided_treatment END AS treatment,
        CASE WHEN i.outside_vat THEN '' WHEN i.kind = 'commission' THEN '05' ELSE coalesce(i.decided_box, '') END AS box,
        coalesce(i.tax_amount <> 0, false) AS taxed,
        CASE i.rate_kind
            WHEN 'row' THEN i.vat_rate
            WHEN 'destination'
                THEN CASE WHEN i.tax_amount <> 0 THEN i.vat_rate ELSE coalesce(o.percent, c.percent, r.percent) END
            ELSE 0
        END::DECIMAL(5, 2) AS rate,
        -- What the VAT should be, where more is known than Stripe's own percentage.
        CASE i.rate_kind
            WHEN 'row' THEN i.own_rate
            WHEN 'destination'
                THEN coalesce(o.percent, c.percent, CASE WHEN coalesce(i.vat_class, 'standard') = 'standard' THEN r.percent END)
        END AS due_rate,
        i.rate_kind = 'destination' AND NOT taxed AND coalesce(i.vat_class, 'standard') <> 'standard'
            AND coalesce(o.percent, c.percent) IS NULL AS reduced_abroad
    FROM ruled i
    LEFT JOIN ledger.eu_rates r
        ON r.tax_place = i.destination AND i.supply_day BETWEEN r.valid_from AND r.valid_to
    LEFT JOIN ledger.row_rules k ON k.sale_id = i.sale_id AND k.row_no = i.row_no
    LEFT JOIN ledger.company_rates o
        ON o.tax_place = i.destination AND o.rule = k.rule AND i.supply_day BETWEEN o.valid_from AND o.valid_to
    LEFT JOIN ledger.company_rates c
        ON c.tax_place = i.destination AND c.vat_class = i.vat_class AND i.supply_day BETWEEN c.valid_from AND c.valid_to
),
roles AS (
    -- Rows are many, pairs of accounts few: their names are spelled out once for each.
    SELECT
        account_pattern, vat_account_pattern, tax_place, rate,
        replace(replace(account_pattern, '{place}', coalesce(left(tax_place, 2), '')), '{rate}', rate_key(rate)) AS account_role,
        CASE WHEN rate <> 0
             THEN replace(replace(vat_account_pattern, '{place}', coalesce(left(tax_place, 2), '')), '{rate}', rate_key(rate))
        END AS vat_role
    FROM (SELECT DISTINCT account_pattern, vat_account_pattern, tax_place, rate FROM decided)
),
numbered AS (
    SELECT r.*, m.number, v.number AS vat_account_number
    FROM roles r
    LEFT JOIN ledger.account_map m ON m.role = r.account_role
    LEFT JOIN ledger.account_map v ON v.role = r.vat_role
),
named AS (
    SELECT d.*, n.account_role, n.vat_role, n.number, n.vat_account_number
    FROM decided d
    JOIN numbered n
      ON n.account_pattern IS NOT DISTINCT FROM d.account_pattern AND n.tax_place IS NOT DISTINCT FROM d.tax_place
     AND n.vat_account_pattern IS NOT DISTINCT FROM d.vat_account_pattern AND n.rate IS NOT DISTINCT FROM d.rate
)
SELECT
    n.* EXCLUDE (account_pattern, vat_account_pattern, vat_rate, number, vat_account_number),
    n.rate AS vat_rate,
    CASE
        WHEN n.kind = 'gift_card_multi' THEN account('gift_cards')
        WHEN n.kind = 'tip' THEN account('tips_' || policy('tips'))
        WHEN n.kind = 'seller' THEN account('connect_agent')
        ELSE coalesce(k.account, n.number)
    END AS account,
    n.vat_account_number AS vat_account,
    CASE
        WHEN n.outside_vat OR n.account_role IS NULL AND n.treatment IS NULL THEN NULL
        WHEN n.reduced_abroad
            THEN 'the rate of ' || n.vat_class || ' in ' || n.tax_place || ' is not known here: add it under '
                 || '[[vat_rates]] in fortstripe.toml, or let Stripe Tax charge it'
        WHEN n.rate IS NULL THEN 'no VAT rate is known for ' || coalesce(n.tax_place, 'it') || ' on ' || n.supply_day
        WHEN n.account_role LIKE 'oss%' AND (n.number IS NULL OR n.vat_account_number IS NULL)
            THEN 'no accounts for VAT of ' || left(n.tax_place, 2) || ' at ' || rate_key(n.rate) || ' %: add ['
                 || 'accounts.oss.' || left(n.tax_place, 2) || '] "' || rate_key(n.rate) || '" = { sales, vat }'
        WHEN coalesce(k.account, n.number) IS NULL OR n.vat_role IS NOT NULL AND n.vat_account_number IS NULL
            THEN 'no account for VAT at ' || n.rate || ' %: correct the tax rate in Stripe, or book it by hand'
    END AS lacking,
    CASE WHEN n.taxed AND NOT n.outside_vat THEN
        CASE WHEN n.inclusive THEN vat_of_gross(n.gross, coalesce(n.due_rate, n.rate))
             ELSE vat_on_net(n.gross - n.tax_amount, coalesce(n.due_rate, n.rate)) END
    END AS tax_due
FROM named n
LEFT JOIN ledger.row_rules k USING (sale_id, row_no);
