-- The treatment history (behandlingshistorik) of the books: who did what to which document, when, why and by which rules.
-- A view of what the mirror copies from the journal, so that it can say nothing else than the journal does.
CREATE OR REPLACE VIEW delivery.treatment_history AS
WITH requests AS (
    SELECT a.answered_at AS done_at,
           CASE WHEN a.outcome = 'refused' THEN i.step || ' refused' WHEN d.packaging = 'adopted' THEN 'adopt'
                ELSE i.step END AS action,
           i.document_id, 'fortstripe' AS who,
           CASE WHEN a.outcome = 'refused' THEN coalesce('error ' || a.code || ' of Fortnox', 'Fortnox refused it')
                WHEN a.outcome = 'found' AND d.packaging = 'adopted' THEN 'it stood in Fortnox and not in the journal'
                ELSE d.because END AS why,
           i.run_id
    FROM delivery.answers a
    JOIN delivery.intents i USING (intent)
    LEFT JOIN delivery.documents d USING (document_id)
    -- What was adopted by hand is told by the person's order.
    WHERE a.outcome IN ('done', 'found', 'refused') AND d.packaging IS DISTINCT FROM 'matched'
      AND d.packaging IS DISTINCT FROM 'by hand'
),
people AS (
    SELECT ordered_at AS done_at, action, document_id, who, reason AS why, NULL AS run_id FROM delivery.orders
    UNION ALL
    SELECT approved_at, 'approve', document_id, who, 'content ' || content_hash, NULL FROM delivery.approvals
    UNION ALL
    SELECT forgotten_at, 'forget', 'customer:' || customer, who, reason || ' (erased: ' || what || ')', NULL
    FROM delivery.forgotten
    UNION ALL
    SELECT asked_at, 'replan from ' || from_day, NULL, who, reason, NULL FROM delivery.replans
    UNION ALL
    SELECT changed_at, 'change of ' || part || coalesce('.' || nullif(name, ''), ''), NULL, NULL,
           coalesce(before, 'nothing') || ' became ' || coalesce(after, 'nothing'), NULL
    FROM delivery.choice_changes
),
matched AS (
    SELECT sealed_at AS done_at, 'match' AS action, document_id, 'fortstripe' AS who, description AS why, NULL AS run_id
    FROM delivery.documents
    WHERE status = 'done' AND rule_version IS NULL
),
events AS (
    FROM requests
    UNION ALL
    FROM people
    UNION ALL
    FROM matched
)
SELECT e.done_at, e.action, e.document_id, d.kind, d.day, e.who, e.why, d.description AS what, d.amends, d.entry_ids,
       d.rule_version, d.packaging,
       coalesce(d.voucher_series || ' ' || d.voucher_number, d.fortnox_number) AS in_fortnox, e.run_id
FROM events e
LEFT JOIN delivery.documents d USING (document_id)
ORDER BY e.done_at, e.document_id, e.action;
