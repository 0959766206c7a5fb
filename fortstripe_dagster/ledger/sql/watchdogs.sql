-- What should be looked at before it becomes a wrong return: one row for each case, with the entry it shows on.
CREATE OR REPLACE TABLE ledger.watchdogs AS
WITH thresholds AS (
    SELECT o.*, mark.percent, mark.reached
    FROM ledger.oss_turnover o,
    LATERAL (VALUES (80, upto_ore >= threshold_ore * 8 // 10), (100, upto_ore > threshold_ore)) AS mark(percent, reached)
    WHERE reached
    QUALIFY row_number() OVER (PARTITION BY year, percent ORDER BY moment, sale_id, supply) = 1
),
lapsed AS (
    SELECT n.customer, n.value, local_day(n.seen_from) AS day, n.status
    FROM ledger.tax_id_history n
    ASOF JOIN ledger.tax_id_history b ON b.customer = n.customer AND b.value = n.value AND b.seen_from < n.seen_from
    WHERE n.status <> 'verified' AND b.status = 'verified'
)
SELECT
    event_day AS day, 'oss_threshold' AS kind, year::VARCHAR AS subject,
    'sales to consumers in other EU countries are past ' || percent || ' % of the threshold: ' || kronor(upto_ore) || ' of '
        || kronor(threshold_ore) || ' kronor in ' || year AS text,
    CASE WHEN percent < 100 THEN 'register for the One Stop Shop in time'
         ELSE 'register for the One Stop Shop: from this sale on, VAT is due in the buyer''s country' END AS remedy,
    sale_id || ':sale' AS entry_id
FROM thresholds
WHERE NOT (policy('oss_status') = 'on' AND side = 'abroad')
UNION ALL
SELECT s.event_day, 'zero_vat_eu_consumer', s.sale_id,
       'a consumer in ' || any_value(d.tax_place) || ' was sold to without VAT',
       'check the product''s tax code and the registrations of Stripe Tax', s.sale_id || ':sale'
FROM ledger.rated_items i
JOIN ledger.vat_decisions d
    ON d.sale_id = i.sale_id AND d.supply = i.supply AND d.treatment = i.treatment AND d.region = 'EU'
JOIN ledger.sales s ON s.sale_id = i.sale_id
WHERE d.buyer IN ('consumer', 'unproven') AND NOT i.outside_vat AND i.gross <> 0
  AND (i.vat_rate = 0 OR i.taxability_reason IS NOT NULL AND NOT i.taxed)
GROUP BY s.event_day, s.sale_id
UNION ALL
SELECT s.event_day, 'reverse_charge_without_number', s.sale_id,
       'Stripe applied reverse charge, but no VAT number of the buyer is proven',
       'record the number in Stripe and have it verified, or charge VAT', s.sale_id || ':sale'
FROM ledger.sale_items i
JOIN ledger.vat_places d USING (sale_id, supply)
JOIN ledger.sales s USING (sale_id)
WHERE (i.taxability_reason = 'reverse_charge' AND NOT coalesce(i.tax_amount <> 0, false))
  AND (d.region = 'EU' AND d.buyer <> 'business' OR d.region = 'SE' AND d.buyer <> 'reverse')
GROUP BY s.event_day, s.sale_id
UNION ALL
SELECT s.event_day, 'food_rate', s.sale_id,
       'Stripe charged ' || rate_key(max(i.vat_rate)) || ' % on food; on ' || any_value(i.supply_day) || ' it is '
           || rate_key(max(i.own_rate)) || ' %',
       'correct the tax rate in Stripe and credit the difference', s.sale_id || ':sale'
FROM ledger.rated_items i
JOIN ledger.sales s USING (sale_id)
WHERE i.vat_class = 'food' AND i.taxed AND i.vat_rate <> i.own_rate AND i.decision IN ('1', '7', '9', '11')
GROUP BY s.event_day, s.sale_id
UNION ALL
SELECT local_day(x.created), 'gift_card_alone', x.id, 'a gift card paid all of Checkout session ' || x.id
           || ': Stripe shows no payment, so the sale is not booked',
       'book it by hand with its VAT, D ' || account('gift_cards'), x.id || ':sale'
FROM stripe.checkout_sessions x
WHERE x.amount_total = 0 AND x.invoice IS NULL AND x.id IN (SELECT owner FROM ledger.gift_card_uses)
UNION ALL
SELECT local_day(coalesce(n.effective_at, n.created)), 'gift_card_alone', n.id,
       'credit note ' || coalesce(n.number, n.id) || ' takes back what a gift card had paid, and no money: it is not booked',
       'book it by hand: D the sale and its VAT, K ' || account('gift_cards'), n.invoice || ':sale'
FROM stripe.credit_notes n
WHERE n.status = 'issued' AND n.total = 0 AND n.invoice IN (SELECT owner FROM ledger.gift_card_uses)
UNION ALL
SELECT local_day(coalesce(i.paid_at, i.finalized_at, i.created)), 'discount_unread', i.id,
       'a discount took all of invoice ' || coalesce(i.number, i.id) || ', and whether it is a gift card is not known',
       'sync a day again, which asks Stripe for its coupon; if it is one, name the coupon in gift_cards.coupons', i.id || ':sale'
FROM stripe.invoices i
WHERE i.total = 0 AND i.status = 'paid' AND i.id IN (SELECT sale_id FROM ledger.unread_discounts)
UNION ALL
SELECT local_day(coalesce(i.paid_at, i.finalized_at, i.created)), 'agent_invoice', i.id,
       'invoice ' || coalesce(i.number, i.id) || ' for the seller ' || a.seller || ' was settled beside payments through Stripe',
       'book by hand what the credit balance, money outside Stripe or a credit note without a refund settled',
       i.id || ':sale'
FROM ledger.agent_invoices a
JOIN stripe.invoices i ON i.id = a.sale_id
JOIN ledger.owed o ON o.sale_id = a.sale_id
WHERE i.status <> 'draft'
  AND (o.balance_used <> 0 OR o.outside <> 0
       OR EXISTS (SELECT 1 FROM stripe.credit_notes n WHERE n.invoice = i.id AND n.status = 'issued'
                  AND (n.customer_balance_transaction IS NOT NULL OR n.out_of_band_amount > 0)))
UNION ALL
SELECT l.day, 'vat_number_lapsed', l.customer || ' ' || l.value,
       'the VAT number ' || l.value || ' of ' || l.customer || ' is valid no longer (' || l.status || ')',
       'ask the customer for a valid number; until then they are charged VAT as a consumer',
       max_by(s.sale_id, s.event_day) || ':sale'
FROM lapsed l
LEFT JOIN ledger.parties p ON p.customer = l.customer AND p.vat_number = l.value AND p.buyer = 'business'
LEFT JOIN ledger.sales s ON s.sale_id = p.sale_id
GROUP BY l.customer, l.value, l.day, l.status;
