-- Movements of a type that no rule knows: they stand on the suspense account, and delivery stops.
SELECT id AS subject, 'Movement ' || id || ' of ' || day || ': ' || alert || '.' AS text,
       'upgrade fortstripe, or report that id; it stands on the suspense account meanwhile.' AS remedy,
       true AS urgent, true AS lasts
FROM ledger.movements
WHERE alert LIKE 'unknown%'
ORDER BY day, id;
