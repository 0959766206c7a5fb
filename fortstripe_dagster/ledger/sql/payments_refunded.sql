-- Money given back: each refund with the credits that it settles, and how much of each in öre.
-- Nothing without: stripe.refunds
INSERT INTO ledger.payments BY NAME
WITH noted AS (
    -- What credit notes take of a refund.
    SELECT n.refund, k.credit_id, k.sale_id, k.currency, n.amount_refunded AS amount, n.amount_refunded AS credited,
           k.event_day AS credit_day, round_div(k.gross_ore::HUGEINT * n.amount_refunded, k.gross) AS credited_ore,
           sum(n.amount_refunded) OVER (PARTITION BY n.refund) AS of_notes
    FROM stripe.credit_note_refunds n
    JOIN ledger.credits k ON k.credit_id = n.credit_note AND k.gross > 0
),
alone AS (
    -- The rest of it settles a credit of its own for each sale of its charge, in the charge's parts.
    SELECT k.reversal AS refund, k.credit_id, k.sale_id, k.currency, k.gross, k.gross_ore, s.amount,
           r.amount - coalesce((SELECT any_value(n.of_notes) FROM noted n WHERE n.refund = r.id), 0) AS rest,
           sum(s.amount) OVER (PARTITION BY k.reversal) AS whole,
           sum(s.amount) OVER (PARTITION BY k.reversal ORDER BY k.credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM ledger.credits k
    JOIN stripe.refunds r ON r.id = k.reversal
    JOIN ledger.charge_sales s ON s.charge = k.charge AND s.sale_id = k.sale_id
    WHERE k.kind = 'refund'
),
settled AS (
    SELECT refund, credit_id, sale_id, currency, amount, credited, credited_ore, credit_day, true AS noted FROM noted
    UNION ALL
    SELECT refund, credit_id, sale_id, currency,
           share(rest, share_end - amount, share_end, whole),
           gross, gross_ore, NULL, false
    FROM alone
),
shared AS (
    SELECT *, count(*) OVER of_refund AS parts, sum(amount) OVER of_refund AS whole,
           sum(amount) OVER (PARTITION BY refund ORDER BY credit_id ROWS UNBOUNDED PRECEDING) AS share_end
    FROM settled
    WINDOW of_refund AS (PARTITION BY refund)
),
returned AS (
    SELECT m.id, m.created, m.day, m.charge, m.currency, m.amount, m.amount_ore, r.amount AS refund_amount,
           s.* EXCLUDE (amount, currency),
           m.currency = s.currency AS same_currency,
           -- The part of the whole that is this credit's: all of it where nothing is known of its sale.
           CASE WHEN s.whole > 0 THEN s.share_end ELSE 1 END AS upto,
           CASE WHEN s.whole > 0 THEN s.share_end - s.amount ELSE 0 END AS before,
           CASE WHEN s.whole > 0 THEN s.whole ELSE 1 END AS all_parts
    FROM ledger.movements m
    JOIN stripe.refunds r ON r.id = m.source
    LEFT JOIN shared s ON s.refund = r.id
    WHERE m.treatment = 'refund'
),
parted AS (
    SELECT *,
           share(amount, before, upto, all_parts) AS clearing_amount,
           share(amount_ore, before, upto, all_parts)
               AS clearing_ore,
           share(refund_amount, before, upto, all_parts) AS asked
    FROM returned
),
owing AS (
    -- What came back of earlier refunds of a charge, and is owed since.
    SELECT m.charge, m.created, sum(r.amount) OVER upto AS owed, sum(m.amount_ore) OVER upto AS owed_ore
    FROM ledger.movements m
    JOIN stripe.refunds r ON r.id = m.source
    WHERE m.treatment = 'refund_failed'
    WINDOW upto AS (PARTITION BY m.charge ORDER BY m.created, m.id ROWS UNBOUNDED PRECEDING)
),
giving AS (
    SELECT *, CASE WHEN refund IS NULL THEN 0 ELSE greatest(asked - credited, 0) END AS gives,
           sum(gives) OVER (PARTITION BY charge ORDER BY created, id, upto ROWS UNBOUNDED PRECEDING) AS given
    FROM parted
),
paying AS (
    -- A debt is paid at what it stands at: another rate since is a difference of exchange.
    SELECT g.*, least(g.given, coalesce(o.owed, 0)) AS paid, least(g.given - g.gives, coalesce(o.owed, 0)) AS paid_before, o.owed,
           o.owed_ore
    FROM giving g
    ASOF LEFT JOIN owing o ON o.charge = g.charge AND o.created < g.created
)
SELECT
    CASE WHEN noted AND parts > 1 THEN id || ':' || credit_id
         WHEN NOT noted AND credit_id <> refund THEN id || ':' || sale_id
         ELSE id END AS entry_id,
    id AS balance_transaction, day, 'refund' AS treatment, sale_id, credit_id, charge, same_currency,
    clearing_amount, clearing_ore, -credited_ore AS receivable_ore, 0 AS credit_ore,
    CASE WHEN asked = 0 OR gives = 0 THEN 0
         ELSE round_div(clearing_ore::HUGEINT * (gives - (paid - paid_before)), asked)
              - CASE WHEN paid > paid_before
                     THEN share(owed_ore, paid_before, paid, owed)
                     ELSE 0 END END AS debt_ore,
    -- Money that left before its credit note came waits for that on 2420, as what comes before its invoice does.
    0 AS settles, CASE WHEN day < credit_day THEN credit_day END AS settled_day
FROM paying;
