-- Payments that were tried and failed; no money moved.
CREATE OR REPLACE VIEW stripe.payment_failures AS
SELECT id, created, day, amount, currency, customer, failure_code, failure_message
FROM stripe.charges WHERE status = 'failed';
