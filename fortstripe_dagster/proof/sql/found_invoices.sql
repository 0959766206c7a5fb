-- Stripe invoices that do not add up (10).
-- Nothing without: spans WHERE equation = '10'
INSERT INTO found BY NAME
SELECT
    s.equation, s.currency, s.unit AS id, s.amount, s.amount AS difference, s.first_day, s.last_day, 'alarm' AS severity,
    CASE WHEN i.status = 'void' THEN 'void not booked' WHEN s.amount > 0 THEN 'payment missing' ELSE 'settled too much' END
        AS kind,
    'Invoice ' || coalesce(i.number || ' (' || i.sale_id || ')', i.sale_id) || ' of '
        || said(units(i.total, i.currency), i.currency) || ' has '
        || said(units(i.paid, i.currency), i.currency) || ' paid through Stripe, '
        || said(units(i.outside, i.currency), i.currency) || ' outside, '
        || said(units(i.balance, i.currency), i.currency) || ' from the credit balance, '
        || said(units(i.credited, i.currency), i.currency) || ' credited and '
        || said(units(i.still_open, i.currency), i.currency) || ' open: '
        || said(abs(s.amount), i.currency)
        || CASE WHEN s.amount > 0 THEN ' of it is settled by nothing' ELSE ' more than it asks for' END AS text,
    CASE kind
        WHEN 'payment missing' THEN 'sync the days since ' || i.day || ' again, which fetches the payments of the invoice; if '
             || 'it stays, compare the invoice''s payments at Stripe and book what is missing by hand'
        WHEN 'void not booked' THEN 'sync the day again on which the invoice was voided'
        ELSE 'sync the days since ' || i.day || ' again; if it stays, look for a payment or credit note that stands on '
             || 'the invoice twice'
    END AS remedy
FROM spans s
JOIN invoice_sums i ON i.sale_id = s.unit
WHERE s.equation = '10';
