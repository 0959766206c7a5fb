-- Official exchange rates by the day they were published for. Kronor for one unit; a cross rate of the
-- ECB needs the decimals.
CREATE TABLE IF NOT EXISTS stripe.official_rates (
    currency VARCHAR NOT NULL,
    day DATE NOT NULL,
    sek_per_unit DECIMAL(20, 10) NOT NULL,
    source VARCHAR NOT NULL
);
