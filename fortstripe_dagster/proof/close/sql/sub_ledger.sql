-- The sub-ledger (kundreskontra) of Fortnox as it was when it was read: every booked invoice that is open, ours or not.
SELECT i.number, coalesce(i.customer, '') AS customer, coalesce(i.reference, '') AS stripe, i.day, i.due_day, i.currency,
       i.total::DECIMAL(18, 2) AS amount, i.balance::DECIMAL(18, 2) AS open_amount,
       round(i.balance * i.sek_per_unit, 2)::DECIMAL(18, 2) AS kronor
FROM proof.fortnox_invoices i
WHERE i.booked AND NOT i.cancelled AND i.balance <> 0
ORDER BY i.due_day, i.number
