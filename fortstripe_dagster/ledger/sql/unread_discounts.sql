-- Discounts of which it is not known whether they are gift cards, where the company redeems cards as coupons: Stripe was
-- not asked for the coupon (NULL), or gave its id alone. By sale, in minor units.
-- Nothing without: policy gift_card_coupons or policy gift_card_metadata
-- Nothing without: stripe.invoice_lines WHERE discount_amount <> 0 or stripe.checkout_sessions WHERE amount_discount <> 0
CREATE OR REPLACE TABLE ledger.unread_discounts AS
WITH taken_off AS (
    SELECT invoice AS sale_id, invoice AS owner, discount, amount::BIGINT AS amount
    FROM (SELECT invoice, unnest(discounts, recursive := true) FROM stripe.invoice_lines WHERE discount_amount <> 0)
    UNION ALL
    SELECT k.sale_id, x.id, NULL, x.amount_discount
    FROM stripe.checkout_sessions x
    JOIN (SELECT DISTINCT sale_id, session FROM ledger.checkout_rows) k ON k.session = x.id
    WHERE x.amount_discount <> 0
)
SELECT o.sale_id, o.discount, any_value(n.coupon) AS coupon, sum(o.amount)::BIGINT AS amount
FROM taken_off o
LEFT JOIN ledger.named_discounts n ON n.owner = o.owner AND n.discount IS NOT DISTINCT FROM o.discount
WHERE (policy('gift_card_coupons') IS NOT NULL OR policy('gift_card_metadata') IS NOT NULL)
  AND n.card IS NULL AND NOT coalesce(n.told, false)
GROUP BY o.sale_id, o.discount;
