-- A credit balance that no invoice, payment or credit note explains: given (or taken) by hand in Stripe. D what the company
-- chose / K customers' credit, held while nothing is chosen. The other kinds of customer balance transaction are booked
-- with the invoice, payment or credit note that made them.
INSERT INTO ledger.postings BY NAME
WITH entry AS (
    SELECT t.id AS entry_id, t.day, 'credit_granted' AS kind, t.id AS source, t.currency AS settlement,
           'Tillgodohavande ' || coalesce(t.description, t.type) || ' ' || t.customer AS text, t.currency,
           CASE WHEN account('granted_credit') IS NULL
                THEN 'a credit balance given in Stripe: choose accounts.granted_credit in fortstripe.toml' END AS held,
           t.amount, to_ore(t.amount, t.currency, e.sek_per_unit) AS ore
    FROM stripe.customer_balance_transactions t
    JOIN ledger.covered_days c ON c.day = t.day
    JOIN ledger.exchange_rates e ON e.currency = t.currency AND (e.day = t.day OR t.currency = 'SEK')
    WHERE t.amount <> 0
      AND t.type NOT IN ('applied_to_invoice', 'unapplied_from_invoice', 'invoice_overpaid', 'invoice_too_small',
                         'invoice_too_large', 'credit_note')
)
SELECT e.* EXCLUDE (amount, ore), l.*
FROM entry e,
LATERAL (VALUES (1, coalesce(account('granted_credit'), account('suspense')), -e.ore, -e.amount),
                (2, account('customer_credit'), e.ore, e.amount)) AS l(line_no, account, ore, amount);
