-- Payments that a cardholder contests.
CREATE TABLE IF NOT EXISTS stripe.disputes (
    id VARCHAR NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    charge VARCHAR,
    payment_intent VARCHAR,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    evidence_due_by TIMESTAMPTZ
);

DELETE FROM stripe.disputes WHERE id IN (SELECT id FROM changed);

INSERT INTO stripe.disputes BY NAME
SELECT
    id, created, local_day(created) AS day, r.amount::BIGINT AS amount, upper(r.currency) AS currency, r.charge,
    r.payment_intent, r.status, r.reason, moment(r.evidence_details.due_by) AS evidence_due_by
FROM (
    SELECT id, created, json_transform(raw, '{
        "amount": "VARCHAR", "currency": "VARCHAR", "charge": "VARCHAR", "payment_intent": "VARCHAR",
        "status": "VARCHAR", "reason": "VARCHAR", "evidence_details": {"due_by": "VARCHAR"}
    }') AS r
    FROM changed
);
