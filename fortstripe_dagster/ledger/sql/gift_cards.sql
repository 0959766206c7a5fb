-- Each multi-purpose gift card with what is left on it (öre); cards with something left are the unredeemed ones.
-- Nothing without: ledger.gift_card_moves
CREATE OR REPLACE TABLE ledger.gift_cards AS
SELECT card, min(event_day) FILTER (sold_ore > 0) AS sold_on, max(event_day) FILTER (redeemed_ore > 0) AS last_redeemed_on,
       sum(sold_ore)::BIGINT AS sold_ore, sum(redeemed_ore)::BIGINT AS redeemed_ore,
       sum(credited_ore)::BIGINT AS credited_ore, sum(sold_ore - redeemed_ore - credited_ore)::BIGINT AS left_ore
FROM ledger.gift_card_moves
GROUP BY card
ORDER BY sold_on, card;
