-- The unit of sale: a Stripe invoice, or a charge without one. Its event day, its amount in its own currency and in
-- öre at the official rate of that day (never Stripe's), and why it must wait for a person (`held`), if it must.
CREATE OR REPLACE TABLE ledger.sales AS
WITH first_payment AS (
    SELECT s.sale_id, min(b.day) AS day, min_by(c.id, (b.created, b.id)) AS charge
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge
    JOIN stripe.balance_transactions b ON b.source = c.id AND b.type IN ('charge', 'payment', 'validation')
    GROUP BY s.sale_id
),
units AS (
    SELECT
        i.id AS sale_id,
        'invoice' AS kind,
        CASE policy('invoice_when')
            WHEN 'paid' THEN p.day
            ELSE local_day(coalesce(i.effective_at, i.finalized_at))
        END AS event_day,
        p.charge,
        i.currency,
        i.total AS gross,
        i.number,
        local_day(i.due_date) AS due_day,
        coalesce(i.description, 'Stripe ' || coalesce(i.number, i.id)) AS text,
        i.status AS stripe_status
    FROM stripe.invoices i
    LEFT JOIN first_payment p ON p.sale_id = i.id
    WHERE i.status <> 'draft' AND i.total > 0
    UNION ALL
    -- The balance transaction of a sale before the books began may not be there: its own day will do.
    SELECT c.id, 'charge', coalesce(p.day, c.day), c.id, c.currency, s.amount, c.receipt_number, coalesce(p.day, c.day),
           coalesce(c.description, 'Stripe ' || c.id), c.status
    FROM ledger.charge_sales s
    JOIN stripe.charges c ON c.id = s.charge AND s.sale_id = c.id
    LEFT JOIN first_payment p ON p.sale_id = c.id
),
rows_of AS (
    SELECT sale_id, sum(gross) AS rows_gross, max(tax_country) AS tax_country, sum(coalesce(tax_amount, 0)) AS stripe_tax,
           any_value(supply) AS supply, count(DISTINCT supply) AS supplies,
           max(CASE WHEN account_of_rate('sales', vat_rate) IS NULL THEN vat_rate END) AS unknown_rate,
           max(CASE
                   WHEN kind = 'tip' AND policy('tips') = 'undecided'
                       THEN 'it carries a tip: set tips = "staff" or "company" in fortstripe.toml'
                   WHEN kind IN ('tip', 'gift_card_multi') AND tax_amount > 0
                       THEN 'Stripe charged VAT on a row of kind ' || kind || ', which has none: correct the rule or Stripe'
               END) AS unfit_row
    FROM ledger.sale_items GROUP BY sale_id
),
treated AS (
    SELECT
        u.*,
        q.buyer, q.region, q.party_id, r.supply, r.rows_gross, r.stripe_tax, r.tax_country, r.supplies, r.unknown_rate, r.unfit_row,
        -- VAT that Stripe charged is owed as charged: tax at Swedish rates makes the sale a Swedish one.
        coalesce(CASE WHEN r.stripe_tax > 0 AND r.tax_country = 'SE' AND t.rate = '0' THEN 'se_taxable' END,
                 t.treatment) AS treatment,
        t.review
    FROM units u
    JOIN ledger.parties q ON q.sale_id = u.sale_id
    LEFT JOIN rows_of r ON r.sale_id = u.sale_id
    LEFT JOIN ledger.vat_treatments t
      ON t.region = q.region AND t.buyer = q.buyer AND t.supply = r.supply AND t.valid_from <= u.event_day
    QUALIFY row_number() OVER (PARTITION BY u.sale_id ORDER BY t.valid_from DESC) = 1
)
SELECT
    t.sale_id, t.kind, t.event_day, t.charge, t.party_id, t.currency, t.gross, t.number, t.due_day, t.text,
    t.stripe_status, t.treatment, t.review,
    e.sek_per_unit,
    to_ore(t.gross, t.currency, e.sek_per_unit) AS gross_ore,
    t.event_day < policy('start_date')::DATE AS before_start,
    CASE
        WHEN t.region = 'unknown' THEN 'the customer''s country is unknown, so its VAT is: set the address in Stripe'
        WHEN t.stripe_tax > 0 AND t.tax_country IS NOT NULL AND t.tax_country <> 'SE'
            THEN 'Stripe charged VAT of ' || t.tax_country || ' (One Stop Shop): book it by hand'
        WHEN t.unfit_row IS NOT NULL THEN t.unfit_row
        WHEN t.unknown_rate IS NOT NULL
            THEN 'no account for VAT at ' || t.unknown_rate || ' %: correct the tax rate in Stripe, or book it by hand'
        WHEN t.supplies > 1 AND t.region <> 'SE' THEN 'goods and services on one invoice abroad: book it by hand'
        WHEN abs(coalesce(t.rows_gross, 0) - t.gross) > 5
            THEN 'the invoice''s lines add up to ' || coalesce(t.rows_gross, 0) || ', its total is ' || t.gross
    END AS held
FROM treated t
LEFT JOIN ledger.exchange_rates e ON e.currency = t.currency AND (e.day = t.event_day OR t.currency = 'SEK')
WHERE t.event_day IS NOT NULL;
