-- Multi-purpose gift cards (flerfunktionsvouchrar) sold, redeemed by a negative row, and taken back by credits, in öre. The
-- card is named by metadata `gift_card` of the row, the payment, the coupon or the credit balance; one that was sold without
-- a number is its sale's.
-- Nothing without: ledger.sale_rows WHERE kind = 'gift_card_multi' or stripe.customer_balance_transactions
CREATE OR REPLACE TABLE ledger.gift_card_moves AS
WITH named AS (
    SELECT invoice AS sale_id, position AS row_no, json_extract_string(metadata, '$.gift_card') AS number
    FROM stripe.invoice_lines
    UNION ALL
    SELECT id, 1, json_extract_string(metadata, '$.gift_card') FROM stripe.charges
    UNION ALL
    SELECT sale_id, row_no, card FROM ledger.gift_card_rows
),
cards AS (
    SELECT r.sale_id, r.row_no, r.gross_ore, s.event_day, s.before_start,
           coalesce(n.number, CASE WHEN r.gross_ore > 0 THEN r.sale_id END, 'without a number') AS card
    FROM ledger.sale_rows r
    JOIN ledger.sales s USING (sale_id)
    LEFT JOIN named n USING (sale_id, row_no)
    WHERE r.kind = 'gift_card_multi'
)
SELECT card, event_day, sale_id, NULL AS credit_id,
       greatest(gross_ore, 0) AS sold_ore, greatest(-gross_ore, 0) AS redeemed_ore, 0::BIGINT AS credited_ore
FROM cards
JOIN ledger.covered_days c ON c.day = event_day
WHERE NOT before_start
UNION ALL
SELECT coalesce(json_extract_string(t.metadata, '$.gift_card'), 'without a number'), t.day, t.id, NULL,
       0, -to_ore(t.amount, t.currency, e.sek_per_unit), 0
FROM stripe.customer_balance_transactions t
JOIN ledger.covered_days c ON c.day = t.day
JOIN ledger.exchange_rates e ON e.currency = t.currency AND (e.day = t.day OR t.currency = 'SEK')
WHERE json_contains(t.metadata, policy('gift_card_metadata')::JSON) AND t.type = 'adjustment'
UNION ALL
SELECT c.card, k.event_day, r.sale_id, r.credit_id, 0, 0, r.gross_ore
FROM ledger.credit_rows r
JOIN ledger.credits k USING (credit_id)
JOIN ledger.covered_days d ON d.day = k.event_day
JOIN cards c ON c.sale_id = r.sale_id AND c.row_no = r.group_no
WHERE r.kind = 'gift_card_multi';
