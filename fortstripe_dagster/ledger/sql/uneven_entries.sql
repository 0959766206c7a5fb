-- Entries whose postings do not number their lines 1, 2, 3 …, or do not balance: few, and to be looked at more closely.
CREATE OR REPLACE TABLE ledger.uneven_entries AS
SELECT entry_id, any_value(kind) AS kind, sum(ore)::BIGINT AS ore
FROM ledger.postings
GROUP BY entry_id
HAVING count(*) <> bit_count(bit_or(1::BIGINT << least(line_no, 62))) OR min(line_no) <> 1 OR sum(ore) <> 0
    OR min(day) <> max(day);
