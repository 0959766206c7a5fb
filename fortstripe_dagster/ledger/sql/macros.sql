-- The rounding rules of money.py for SQL (a test keeps the two equal) and short names for the company's own choices.

-- Half away from zero, in whole numbers: no amount passes through a DOUBLE. Products of large amounts need 128 bits, but
-- dividing those is slow, so what fits is divided in 64. A macro's arguments stand in the plan as often as they are named
-- here, nested macros multiply that: each one less is felt in every build.
CREATE OR REPLACE TEMP MACRO round_div(numerator, denominator) AS coalesce(
    TRY_CAST(numerator AS BIGINT) // TRY_CAST(denominator AS BIGINT)
        + (TRY_CAST(numerator AS BIGINT) % TRY_CAST(denominator AS BIGINT)) // ((TRY_CAST(denominator AS BIGINT) + 1) // 2),
    numerator::HUGEINT // denominator::HUGEINT
        + (numerator::HUGEINT % denominator::HUGEINT) // ((denominator::HUGEINT + 1) // 2)
)::BIGINT;

-- What falls to one of several parts that end at `upto` of a whole and begin at `before`: rounded on the sum so far, so that
-- all parts make the amount.
CREATE OR REPLACE TEMP MACRO share(amount, before, upto, whole) AS
    round_div(amount::HUGEINT * upto, whole) - round_div(amount::HUGEINT * before, whole);

-- How many öre at par a minor unit is, for each currency whose minor unit is not a hundredth.
SET VARIABLE ore_factors = (
    SELECT map_from_entries(list((currency, power(10, 2 - digits)::DECIMAL(4, 1)))) FROM ledger.currencies WHERE digits <> 2
);

-- Minor units of a currency in öre, at kronor per unit (ten decimals). A DECIMAL becomes a whole number half away from zero;
-- with 18 digits or fewer on both sides their product would have to do with 18.
CREATE OR REPLACE TEMP MACRO to_ore(minor, currency, sek_per_unit) AS
    CASE
        WHEN currency = 'SEK' THEN minor
        ELSE (minor::DECIMAL(20, 0)
              * (sek_per_unit::DECIMAL(17, 10) * coalesce(getvariable('ore_factors')[currency], 1::DECIMAL(4, 1))))::BIGINT
    END;

-- The day by which `ledger.exchange_rates` is joined: the krona has one rate, of no day.
CREATE OR REPLACE TEMP MACRO rate_day(any_day, currency) AS CASE WHEN currency <> 'SEK' THEN any_day END;

CREATE OR REPLACE TEMP MACRO vat_of_gross(gross, percent) AS
    round_div(gross::HUGEINT * (percent * 100)::HUGEINT, 10000 + (percent * 100)::HUGEINT);

CREATE OR REPLACE TEMP MACRO vat_on_net(net, percent) AS round_div(net::HUGEINT * (percent * 100)::HUGEINT, 10000);

-- A rate as accounts are named by it: 25, 25.5.
CREATE OR REPLACE TEMP MACRO rate_key(percent) AS
    rtrim(rtrim(percent::DECIMAL(5, 2)::VARCHAR, '0'), '.');

-- What is earned by the end of a day, when `earned` was by `since` and the rest comes evenly, day by day, until `last`.
CREATE OR REPLACE TEMP MACRO earned_by(any_day, since, last, earned, rest) AS
    earned + CASE WHEN any_day >= last THEN rest WHEN any_day <= since THEN 0
                  ELSE round_div(rest::HUGEINT * (any_day - since), last - since) END;

CREATE OR REPLACE TEMP MACRO kronor(ore) AS (ore::DECIMAL(18, 0) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2);

-- Stockholm is one or two hours ahead, so before 22:00 its day is that of UTC; asking for the zone is slow.
CREATE OR REPLACE TEMP MACRO local_day(moment) AS
    CASE WHEN epoch_us(moment) % 86400000000 < 79200000000 THEN make_timestamp(epoch_us(moment))::DATE
         ELSE (moment AT TIME ZONE 'Europe/Stockholm')::DATE END;

-- The company's choices are constants of a build (choices.sql), not tables that each row would be joined with.
CREATE OR REPLACE TEMP MACRO account(role_wanted) AS getvariable('accounts')[role_wanted];
-- The account of a VAT rate; NULL for a rate that the configuration does not name.
CREATE OR REPLACE TEMP MACRO account_of_rate(role_wanted, percent) AS
    CASE WHEN percent = percent::INTEGER THEN account(role_wanted || ':' || percent::INTEGER) END;
CREATE OR REPLACE TEMP MACRO policy(name_wanted) AS getvariable('policies')[name_wanted];
