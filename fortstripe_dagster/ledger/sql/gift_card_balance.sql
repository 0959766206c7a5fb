-- Roll-forward of multi-purpose gift cards by month, öre: opening + sold - redeemed - credited = closing, which is the
-- balance of their account.
-- Nothing without: ledger.gift_card_moves
CREATE OR REPLACE TABLE ledger.gift_card_balance AS
WITH monthly AS (
    SELECT last_day(event_day) AS month_end, sum(sold_ore)::BIGINT AS sold_ore, sum(redeemed_ore)::BIGINT AS redeemed_ore,
           sum(credited_ore)::BIGINT AS credited_ore
    FROM ledger.gift_card_moves
    GROUP BY month_end
)
SELECT
    month_end,
    (sum(sold_ore - redeemed_ore - credited_ore) OVER (ORDER BY month_end))::BIGINT - sold_ore + redeemed_ore
        + credited_ore AS opening_ore,
    sold_ore, redeemed_ore, credited_ore,
    opening_ore + sold_ore - redeemed_ore - credited_ore AS closing_ore
FROM monthly
ORDER BY month_end;
