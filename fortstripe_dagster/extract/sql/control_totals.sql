-- What our transactions add up to beside what Stripe says, in minor units: every check, with the evidence used.
CREATE TABLE IF NOT EXISTS stripe.control_totals (
    checked_at TIMESTAMPTZ NOT NULL,
    evidence VARCHAR NOT NULL,  -- balance: the balance endpoint; report: Stripe's report; count: rows of a list
    balance_type VARCHAR,
    currency VARCHAR,
    from_day DATE NOT NULL,
    to_day DATE NOT NULL,
    ours BIGINT,
    stripes BIGINT,  -- null where this evidence was not to be had; the note says why
    difference BIGINT,  -- stripes - ours + explained; 0 where the books can be trusted to be complete
    explained BIGINT NOT NULL,  -- net of transactions newer than Stripe's figure
    note VARCHAR
);
