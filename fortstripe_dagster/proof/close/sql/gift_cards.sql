-- Gift cards with something left when the month ended.
SELECT card AS stripe, min(event_day) AS since, max(event_day) AS last_moved, kronor(sum(sold_ore)) AS sold,
       kronor(sum(redeemed_ore)) AS redeemed, kronor(sum(credited_ore)) AS credited,
       kronor(sum(sold_ore) - sum(redeemed_ore) - sum(credited_ore)) AS kronor
FROM ledger.gift_card_moves
WHERE event_day <= month_last()
GROUP BY card
HAVING sum(sold_ore) - sum(redeemed_ore) - sum(credited_ore) <> 0
ORDER BY since, card
