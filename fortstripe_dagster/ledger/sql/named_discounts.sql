-- Discounts of which Stripe was asked for the coupon, by invoice or Checkout session (`owner`), with the gift card that it
-- is, if it is one. Which coupons those are the company says; where it says nothing, a discount is a lower price. `told`
-- is whether the coupon itself was shown: by an id alone a coupon is known only to be a card, not to be none.
-- Nothing without: policy gift_card_coupons or policy gift_card_metadata
-- Nothing without: stripe.invoices or stripe.checkout_sessions
CREATE OR REPLACE TABLE ledger.named_discounts AS
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
    -- A discount names its coupon under `source`, a session beside it.
    SELECT owner, discount ->> '$.id' AS discount, discount ->> '$.promotion_code' AS promotion_code,
           coalesce(discount -> '$.source.coupon', discount -> '$.coupon') AS coupon,
           coalesce(coupon ->> '$.id', coupon ->> '$') AS id, coupon ->> '$.name' AS name,
           coupon -> '$.metadata' AS metadata
    FROM applied
    WHERE json_type(discount) = 'OBJECT'
)
SELECT DISTINCT ON (owner, discount)
    owner, discount, id AS coupon, json_type(coupon) = 'OBJECT' AS told,
    CASE WHEN len(list_filter(from_json(policy('gift_card_coupons'), '["VARCHAR"]'),
                              lambda mark: id GLOB mark OR name GLOB mark OR promotion_code GLOB mark)) > 0
           OR json_contains(metadata, policy('gift_card_metadata')::JSON)
         THEN coalesce(metadata ->> '$.gift_card', promotion_code, id) END AS card
FROM known
WHERE id IS NOT NULL
ORDER BY owner, discount, told DESC;
