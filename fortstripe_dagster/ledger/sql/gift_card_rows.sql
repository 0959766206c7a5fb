-- The rows by which gift cards redeemed as coupons pay for a sale: one for each card, below the rows that are sold, the
-- shipping and the tip.
-- Nothing without: ledger.gift_card_uses
CREATE OR REPLACE TABLE ledger.gift_card_rows AS
WITH paid AS (
    SELECT owner AS sale_id, card, sum(amount) AS amount FROM ledger.gift_card_uses
    WHERE owner IN (SELECT id FROM stripe.invoices)
    GROUP BY owner, card
    UNION ALL
    SELECT k.sale_id, any_value(u.card), any_value(k.paid_by_card)
    FROM ledger.checkout_rows k JOIN ledger.gift_card_uses u ON u.owner = k.session
    GROUP BY k.sale_id
),
below AS (
    SELECT invoice AS sale_id, max(position) + 1 AS last_row FROM stripe.invoice_lines
    WHERE invoice IN (SELECT sale_id FROM paid) GROUP BY invoice
    UNION ALL
    SELECT sale_id, max(row_no) + 1 FROM ledger.checkout_rows GROUP BY sale_id
)
SELECT p.sale_id, b.last_row + row_number() OVER (PARTITION BY p.sale_id ORDER BY p.card) AS row_no, p.card,
       (-p.amount)::BIGINT AS gross
FROM paid p JOIN below b USING (sale_id);
