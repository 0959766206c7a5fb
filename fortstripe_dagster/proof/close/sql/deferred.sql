-- Income of coming periods by product: opening, taken over from earlier books, added, released, taken back by credits,
-- closing.
SELECT d.account, coalesce(p.name, d.product, '') AS product, kronor(d.opening_ore) AS opening,
       kronor(d.taken_over_ore) AS taken_over, kronor(d.added_ore) AS added, kronor(d.released_ore) AS released,
       kronor(d.credited_ore) AS credited,
       kronor(d.closing_ore) AS closing
FROM ledger.deferred_revenue d
LEFT JOIN stripe.products p ON p.id = d.product
WHERE d.month_end = last_day(month_last())
ORDER BY d.account, 2
