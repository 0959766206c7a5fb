-- Official exchange rates by the day they were published for. Riksbanken quotes kronor for one unit.
CREATE TABLE IF NOT EXISTS stripe.official_rates (
    currency VARCHAR NOT NULL,
    day DATE NOT NULL,
    sek_per_unit DECIMAL(18, 6) NOT NULL,
    source VARCHAR NOT NULL
);
