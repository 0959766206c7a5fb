-- Short names used by the other files. No amount passes through a DOUBLE: DuckDB's `/` would.
-- What is looked up by name is kept as a map: a subquery would be a join at each place that asks.
SET VARIABLE accounts = (SELECT map(list(role), list(number)) FROM ledger.account_map);
SET VARIABLE policies = (SELECT map(list(name), list(value)) FROM ledger.policy);
SET VARIABLE choices = (SELECT map(list(name), list(value)) FROM choices);
CREATE OR REPLACE TEMP MACRO account(role_wanted) AS getvariable('accounts')[role_wanted];
CREATE OR REPLACE TEMP MACRO policy(name_wanted) AS getvariable('policies')[name_wanted];
CREATE OR REPLACE TEMP MACRO choice(name_wanted) AS getvariable('choices')[name_wanted];
CREATE OR REPLACE TEMP MACRO local_day(moment) AS (moment AT TIME ZONE 'Europe/Stockholm')::DATE;

-- An amount as people write it, for texts.
CREATE OR REPLACE TEMP MACRO said(amount, currency) AS amount::DECIMAL(18, 2)::VARCHAR || ' ' || currency;

-- How much more Fortnox has on an account than the ledger, from left side - right side (debit positive).
CREATE OR REPLACE TEMP MACRO in_fortnox_more(difference) AS
    said(abs(difference), 'SEK') || CASE WHEN difference < 0 THEN ' in debit' ELSE ' in credit' END;

-- The sale or credit behind our reference on an invoice: what was taken back and made anew has a suffix.
CREATE OR REPLACE TEMP MACRO referred(reference) AS regexp_replace(reference, '(:reversal|:[0-9]+)+$', '');

-- What to do about a document that is not in Fortnox, where delivery itself gives no remedy.
CREATE OR REPLACE TEMP MACRO remedy_of(status, given) AS coalesce(given, CASE status
    WHEN 'held' THEN 'mend the reason and sync that day again'
    WHEN 'waiting' THEN 'it follows when the other document is in Fortnox'
    WHEN 'awaiting approval' THEN 'run fortstripe approve'
    WHEN 'shadow' THEN ''
    WHEN 'opening in the books' THEN ''
    WHEN 'in doubt' THEN 'sync that day again: it is looked up in Fortnox'
    WHEN 'opening proposed' THEN 'compare it with Fortnox''s balance, then run fortstripe approve or leave it'
    WHEN 'twice' THEN 'report it with that id; do not correct it by hand'
    ELSE 'run fortstripe sync of that day'
END);

CREATE OR REPLACE TEMP MACRO start_date() AS policy('start_date')::DATE;

-- Minor units as units of the currency: 21875 öre are 218.750.
CREATE OR REPLACE TEMP MACRO units(minor, currency) AS (
    minor::DECIMAL(15, 0) * CASE
        WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF',
                          'XOF', 'XPF') THEN 1.000
        WHEN currency IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 0.001
        ELSE 0.010
    END
)::DECIMAL(18, 3);
