-- The bank leg: D bank / K transit when a payout arrives, and the reverse. Left out where a bank feed books it already:
-- two writers on the bank account are the commonest double.
-- Nothing without: policy bank_leg = book
-- Nothing without: ledger.bank_events
INSERT INTO ledger.postings BY NAME
SELECT b.entry_id, b.day, b.kind, b.source, b.currency AS settlement, b.text, b.currency, l.*
FROM ledger.bank_events b
JOIN ledger.covered_days c ON c.day = b.day,
LATERAL (VALUES (1, account('bank'), b.ore, b.amount), (2, account('transit:' || b.currency), -b.ore, -b.amount))
    AS l(line_no, account, ore, amount)
WHERE policy('bank_leg') = 'book';
