-- Disputes that wait for an answer: money is lost by default when the evidence comes too late.
SELECT
    id AS subject,
    'A payment of ' || money(amount, currency) || ' is disputed (' || coalesce(reason, 'no reason given')
        || coalesce(', charge ' || charge, '') || '). Evidence is due '
        || coalesce('by ' || strftime(evidence_due_by AT TIME ZONE 'Europe/Stockholm', '%Y-%m-%d %H:%M') || ' Swedish time', 'soon')
        || '.' AS text,
    'answer it in Stripe''s Dashboard, or accept the loss there.' AS remedy,
    coalesce((evidence_due_by AT TIME ZONE 'Europe/Stockholm')::DATE <= getvariable('today') + getvariable('evidence_days'), false)
        AS urgent,
    true AS lasts
FROM stripe.disputes
WHERE status IN ('needs_response', 'warning_needs_response', 'appeal_needs_response')
ORDER BY evidence_due_by, id;
