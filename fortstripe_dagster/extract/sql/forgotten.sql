-- Customers whose personal data a person had erased: what Stripe says of them is not stored again. `identity` is whether
-- name and address went, too: they stay as long as the law wants them kept with a booked sale.
CREATE TABLE IF NOT EXISTS stripe.forgotten (
    customer VARCHAR NOT NULL,
    identity BOOLEAN NOT NULL,
    forgotten_at TIMESTAMPTZ NOT NULL
);
