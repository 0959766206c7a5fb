-- Multi-purpose gift cards that were redeemed as coupons, by the row that Stripe took them off: of an invoice or of a
-- Checkout session (`owner`), in minor units.
-- Nothing without: ledger.named_discounts
CREATE OR REPLACE TABLE ledger.gift_card_uses AS
WITH cards AS (SELECT owner, discount, card FROM ledger.named_discounts WHERE card IS NOT NULL),
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
