-- A credit balance that no invoice, payment or credit note explains: given (or taken) by hand in Stripe. D what the company
-- chose / K customers' credit, held while nothing is chosen. One that was given for a gift card is the card's. The other
-- kinds of customer balance transaction are booked with the invoice, payment or credit note that made them.
-- Nothing without: stripe.customer_balance_transactions
INSERT INTO ledger.postings BY NAME
WITH given AS (
    SELECT *, coalesce(type = 'adjustment' AND json_contains(metadata, policy('gift_card_metadata')::JSON), false) AS of_card,
           CASE WHEN of_card THEN account('gift_cards') ELSE account('granted_credit') END AS given_for
    FROM stripe.customer_balance_transactions
    WHERE amount <> 0
      AND type NOT IN ('applied_to_invoice', 'unapplied_from_invoice', 'invoice_overpaid', 'invoice_too_small',
                       'invoice_too_large', 'credit_note')
),
entry AS (
    SELECT t.id AS entry_id, t.day, 'credit_granted' AS kind, t.id AS source, t.currency AS settlement,
           CASE WHEN t.of_card THEN 'Presentkort inlöst: ' ELSE 'Tillgodohavande ' END
               || coalesce(t.description, t.type) || ' ' || t.customer AS text,
           t.currency,
           CASE WHEN t.given_for IS NULL
                THEN 'a credit balance given in Stripe: choose accounts.granted_credit in fortstripe.toml' END AS held,
           t.given_for, t.amount, coalesce(u.ore, to_ore(t.amount, t.currency, e.sek_per_unit)) AS ore
    FROM given t
    JOIN ledger.covered_days c ON c.day = t.day
    JOIN ledger.exchange_rates e ON e.currency = t.currency AND (e.day = t.day OR t.currency = 'SEK')
    LEFT JOIN ledger.credit_balance_uses u ON u.entry_id = t.id
)
SELECT e.* EXCLUDE (amount, ore, given_for), l.*
FROM entry e,
LATERAL (VALUES (1, coalesce(e.given_for, account('suspense')), -e.ore, -e.amount),
                (2, account('customer_credit'), e.ore, e.amount)) AS l(line_no, account, ore, amount);
