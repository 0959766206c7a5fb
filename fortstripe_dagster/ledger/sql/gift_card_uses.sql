-- Multi-purpose gift cards that were redeemed as coupons, by the row that Stripe took them off: of an invoice or of a
-- Checkout session (`owner`), in minor units. Which coupons those are the company says; where it says nothing, or Stripe
-- was not asked for the coupon, a discount is a lower price.
-- Nothing without: policy gift_card_coupons or policy gift_card_metadata
-- Nothing without: stripe.invoices or stripe.checkout_sessions
CREATE OR REPLACE TABLE ledger.gift_card_uses AS
WITH applied AS (
    SELECT i.id AS owner, unnest(json_extract(i.discounts, '$[*]')) AS discount
    FROM stripe.invoices i
    WHERE (policy('gift_card_coupons') IS NOT NULL OR policy('gift_card_metadata') IS NOT NULL) AND i.status <> 'draft'
    UNION ALL
    SELECT x.id, unnest(json_extract(x.discounts, '$[*]'))
    FROM stripe.checkout_sessions x
    WHERE (policy('gift_card_coupons') IS NOT NULL OR policy('gift_card_metadata') IS NOT NULL) AND x.status = 'complete'
),
known AS (
    -- A discount names its coupon under `source`, a session beside it; an id alone is a coupon that was not asked for.
    SELECT owner, discount ->> '$.id' AS discount, discount ->> '$.promotion_code' AS promotion_code,
           coalesce(discount -> '$.source.coupon', discount -> '$.coupon') AS coupon,
           coalesce(coupon ->> '$.id', coupon ->> '$') AS id, coupon ->> '$.name' AS name,
           coupon -> '$.metadata' AS metadata
    FROM applied
),
cards AS (
    SELECT owner, discount, coalesce(metadata ->> '$.gift_card', promotion_code, id) AS card
    FROM known
    WHERE len(list_filter(from_json(policy('gift_card_coupons'), '["VARCHAR"]'),
                          lambda mark: id GLOB mark OR name GLOB mark OR promotion_code GLOB mark)) > 0
       OR json_contains(metadata, policy('gift_card_metadata')::JSON)
),
off_lines AS (
    SELECT invoice, position, unnest(discounts, recursive := true) FROM stripe.invoice_lines
    WHERE invoice IN (SELECT owner FROM cards)
)
SELECT c.owner, l.position AS row_no, c.card, sum(l.amount::BIGINT)::BIGINT AS amount
FROM off_lines l JOIN cards c ON c.owner = l.invoice AND c.discount = l.discount
GROUP BY ALL HAVING sum(l.amount::BIGINT) > 0
UNION ALL
-- A session takes one coupon.
SELECT c.owner, l.position, c.card, l.amount_discount
FROM stripe.checkout_line_items l JOIN cards c ON c.owner = l.session
WHERE l.amount_discount > 0;
