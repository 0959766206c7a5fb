-- Each sale with its VAT decided and its amount in öre at the official rate of its day (never Stripe's); why it must wait
-- for a person (`held`), if it must, and what a person should look at although it is booked (`review`).
-- Nothing without: ledger.sale_units
CREATE OR REPLACE TABLE ledger.sales AS
WITH items AS (
    SELECT
        i.sale_id, sum(i.gross) AS rows_gross, min(i.vat_type) <> max(i.vat_type) AS of_two_kinds,
        bool_or(i.treatment IS NULL) AS undecided,
        max_by(i.treatment, abs(i.gross)) FILTER (NOT i.outside_vat) AS treatment,
        max_by(i.vat_type, abs(i.gross)) FILTER (NOT i.outside_vat) AS vat_type,
        max(i.lacking) AS lacking,
        sum(i.tax_amount - i.tax_due) AS tax_difference, count(i.tax_due) AS taxed_rows,
        max(r.text) FILTER (r.verdict = 'hold') AS reason_held,
        max(r.text) FILTER (r.verdict = 'finding') AS reason_review,
        max(CASE
                WHEN i.kind = 'commission' AND policy('commission_vat_rate') IS NULL
                    THEN 'own commission: choose commission_vat_rate in fortstripe.toml'
                WHEN i.kind = 'tip' AND policy('tips') = 'undecided'
                    THEN 'it carries a tip: set tips = "staff" or "company" in fortstripe.toml'
                WHEN i.tax_amount <> 0 AND u.owner IS NOT NULL
                    THEN 'Stripe charged VAT on what the gift card left, but it is due on the whole price: credit the '
                         || 'invoice in Stripe and redeem the card as a negative row or a credit balance, or book it by hand'
                WHEN i.outside_vat AND i.tax_amount <> 0
                    THEN 'Stripe charged VAT on a row of kind ' || i.kind || ', which has none: correct the rule or Stripe'
            END) AS unfit_row
    FROM ledger.rated_items i
    LEFT JOIN ledger.taxability_reasons r
        ON r.reason = CASE WHEN NOT i.taxed THEN i.taxability_reason END AND r.treatment = i.treatment
    LEFT JOIN (SELECT DISTINCT sale_id AS owner FROM ledger.gift_card_rows) u ON u.owner = i.sale_id
    GROUP BY i.sale_id
),
unread AS (
    SELECT sale_id, bool_or(coupon IS NULL) AS unasked, string_agg(DISTINCT coalesce(coupon, discount), ', ') AS which
    FROM ledger.unread_discounts GROUP BY sale_id
),
decided AS (
    SELECT sale_id, min(held) AS held, string_agg(DISTINCT review, '; ') FILTER (review <> '') AS review
    FROM ledger.vat_decisions
    GROUP BY sale_id
),
judged AS (
    SELECT
        u.* EXCLUDE seller, q.party_id, d.review, d.held AS decision_held, i.* EXCLUDE (sale_id, treatment, vat_type),
        CASE WHEN NOT i.undecided THEN coalesce(i.treatment, 'se_taxable') END AS treatment,
        coalesce(i.vat_type, 'SEVAT') AS vat_type,
        n.unasked, n.which AS unread, e.sek_per_unit, coalesce(u.seller, c.seller) AS seller,
        -- Rounding each row apart may miss as many minor units as there are rows; more is another amount.
        CASE WHEN abs(i.tax_difference) > i.taxed_rows
             THEN to_ore(abs(i.tax_difference)::BIGINT, u.currency, e.sek_per_unit) END AS difference_ore
    FROM ledger.sale_units u
    JOIN ledger.parties q USING (sale_id)
    LEFT JOIN items i USING (sale_id)
    LEFT JOIN decided d USING (sale_id)
    LEFT JOIN unread n USING (sale_id)
    LEFT JOIN stripe.charges c ON c.id = u.charge AND c.seller IS NOT NULL
    LEFT JOIN ledger.exchange_rates e ON e.currency = u.currency AND e.day IS NOT DISTINCT FROM rate_day(u.event_day, u.currency)
    WHERE u.event_day IS NOT NULL
)
SELECT
    sale_id, kind, event_day, charge, party_id, currency, gross, number, due_day, text, stripe_status, treatment,
    vat_type,
    nullif(concat_ws('; ', review, reason_review,
                     CASE WHEN NOT unasked
                          THEN 'of the discount''s coupon only the id is known (' || unread || '), so it was taken for a '
                               || 'lower price: if it is a gift card, name that id in gift_cards.coupons' END,
                     CASE WHEN difference_ore IS NOT NULL
                          THEN 'Stripe charged ' || kronor(difference_ore) || ' kronor VAT '
                               || CASE WHEN tax_difference > 0 THEN 'more' ELSE 'less' END || ' than is due' END), '') AS review,
    sek_per_unit,
    to_ore(gross, currency, sek_per_unit) AS gross_ore,
    event_day < policy('start_date')::DATE AS before_start,
    CASE
        WHEN seller IS NOT NULL AND policy('connect') IS NULL
            THEN 'it is sold for the connected account ' || seller || ': choose connect = "agent" or "principal" in '
                 || 'fortstripe.toml'
        -- An agent's turnover is its commission alone: booked whole, sales and VAT would be the seller's.
        WHEN seller IS NOT NULL AND policy('connect') = 'agent' AND sale_id NOT IN (SELECT sale_id FROM ledger.agent_rows)
            THEN 'it is sold for the connected account ' || seller || ' and the charge does not say what goes there: book '
                 || 'the seller''s part (accounts.connect_agent) and the commission with its VAT by hand'
        WHEN decision_held IS NOT NULL THEN decision_held
        WHEN unfit_row IS NOT NULL THEN unfit_row
        WHEN unasked
            THEN 'it is not known whether the discount ' || coalesce(unread, '') || ' is a gift card, for its coupon was '
                 || 'not read: sync a day again, which asks Stripe for it'
        WHEN reason_held IS NOT NULL THEN reason_held
        WHEN lacking IS NOT NULL THEN lacking
        WHEN difference_ore > policy('stripe_tax_limit_ore')::BIGINT
            THEN 'Stripe charged ' || kronor(difference_ore) || ' kronor VAT '
                 || CASE WHEN tax_difference > 0 THEN 'more' ELSE 'less' END || ' than is due: correct the invoice in '
                 || 'Stripe, or allow it with vat.stripe_tax_limit'
        WHEN of_two_kinds THEN 'goods and services on one invoice abroad: book it by hand'
        WHEN abs(coalesce(rows_gross, 0) - gross) > 5
            THEN 'the invoice''s lines add up to ' || coalesce(rows_gross, 0) || ', its total is ' || gross
    END AS held
FROM judged;
