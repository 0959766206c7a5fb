-- $count payouts, each a voucher of its own, evenly over $days days from $first on.
CREATE TEMP TABLE paid_out AS
SELECT 'po_' || $first || '_' || i AS payout, $first::DATE + (i * $days // $count)::INTEGER AS day
FROM range($count) AS t (i);

INSERT INTO ledger.entries BY NAME
SELECT
    'txn_' || payout AS entry_id, day AS event_day, 'payout' AS kind, payout AS source, 'SEK' AS settlement,
    'bench' AS rule_version
FROM paid_out;

INSERT INTO ledger.lines BY NAME
SELECT
    'txn_' || payout AS entry_id, day AS event_day, line_no, account, debit, credit, 'SEK' AS currency
FROM paid_out CROSS JOIN (
    VALUES (1, '1686', 0, 100), (2, '1689', 100, 0)
) AS lines (line_no, account, debit, credit);

DROP TABLE paid_out;
