-- The one shape of every equation: two sides, each a sum over time of amounts that belong to a *unit* (a balance
-- transaction, a payout, a document, a voucher …). The sums to a day are the equation; the units whose two sides are not
-- equal on that day are its difference, by name. Each equation_….sql adds its rows.
CREATE OR REPLACE TEMP TABLE sides (
    equation VARCHAR NOT NULL,
    balance_type VARCHAR NOT NULL DEFAULT '',
    currency VARCHAR NOT NULL DEFAULT '',
    account VARCHAR NOT NULL DEFAULT '',
    unit VARCHAR NOT NULL,
    day DATE NOT NULL,
    left_side DECIMAL(18, 3) NOT NULL DEFAULT 0,
    right_side DECIMAL(18, 3) NOT NULL DEFAULT 0
);
