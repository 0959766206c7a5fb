"""Who buys: invented people and companies in Sweden, the EU and beyond, with addresses and well-formed tax numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

FIRST_NAMES = (
    "Anna Erik Karin Lars Maria Johan Eva Anders Åsa Björn Sofia Oskar Linnéa Gustav Elsa Nils Ingrid Axel Märta Viggo"
).split()
LAST_NAMES = "Berg Lund Ek Falk Nyström Åkesson Sjöberg Holm Wallin Dahl Öberg Hedlund Norén Strand Ågren Lind".split()
SWEDISH_PLACES = (
    ("Umeå", "903 26"), ("Stockholm", "114 28"), ("Malmö", "211 20"), ("Göteborg", "411 04"), ("Östersund", "831 30"),
    ("Kiruna", "981 31"), ("Visby", "621 55"), ("Växjö", "352 30"),
)  # fmt: skip
STREETS = "Storgatan Kungsgatan Skolgatan Norra Ågatan Björkvägen Hamngatan".split()
TRADES = "Bygg El Konsult Fisk Snickeri Data Förlag Trädgård".split()

EU_PLACES = {
    "DE": ("Berlin", "10115", "GmbH"),
    "DK": ("København", "1050", "ApS"),
    "FI": ("Helsinki", "00100", "Oy"),
    "NL": ("Amsterdam", "1011 AB", "B.V."),
    "FR": ("Lyon", "69001", "SARL"),
    "PL": ("Gdańsk", "80-001", "Sp. z o.o."),
}
OTHER_PLACES = {
    "NO": ("Oslo", "0150"),
    "CH": ("Zürich", "8001"),
    "GB": ("Leeds", "LS1 4AP"),
    "US": ("Boulder", "80301"),
}


@dataclass(frozen=True)
class Person:
    """Somebody who buys; `vat_number` only for businesses."""

    name: str
    email: str
    country: str
    line1: str
    city: str
    postal_code: str
    vat_number: str | None = None
    metadata: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_eu_business(self) -> bool:
        """A business in another EU country, which accounts for the VAT itself."""
        return self.vat_number is not None and self.country != "SE"


def _name(random: Random) -> str:
    return f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"


def _email(name: str, number: int) -> str:
    plain = name.lower().translate(str.maketrans("åäöéø ", "aaoeo.")).encode("ascii", "ignore").decode()
    return f"{plain.strip('.')}{number}@example.com"


def _street(random: Random) -> str:
    return f"{random.choice(STREETS)} {random.randint(1, 90)}"


def swedish_person(random: Random, number: int) -> Person:
    """A private customer in Sweden."""
    name = _name(random)
    city, postal_code = random.choice(SWEDISH_PLACES)
    return Person(name, _email(name, number), "SE", _street(random), city, postal_code)


def swedish_company(random: Random, number: int) -> Person:
    """A Swedish limited company with an organisation number and the VAT number that follows from it."""
    name = f"{random.choice(LAST_NAMES)}s {random.choice(TRADES)} AB"
    city, postal_code = random.choice(SWEDISH_PLACES)
    org = organisation_number(random)
    return Person(name, f"faktura{number}@example.com", "SE", _street(random), city, postal_code, f"SE{org}01",
                  {"org_number": f"{org[:6]}-{org[6:]}"})  # fmt: skip


def eu_person(random: Random, number: int) -> Person:
    """A private customer in another EU country."""
    country = random.choice(sorted(EU_PLACES))
    city, postal_code, _ = EU_PLACES[country]
    name = _name(random)
    return Person(name, _email(name, number), country, _street(random), city, postal_code)


def eu_company(random: Random, number: int) -> Person:
    """A business in another EU country with a VAT number of its country's form."""
    country = random.choice(sorted(EU_PLACES))
    city, postal_code, form = EU_PLACES[country]
    name = f"{random.choice(LAST_NAMES)} {form}"
    return Person(name, f"billing{number}@example.com", country, _street(random), city, postal_code,
                  foreign_vat_number(random, country))  # fmt: skip


def outsider(random: Random, number: int) -> Person:
    """A private customer outside the EU."""
    country = random.choice(sorted(OTHER_PLACES))
    city, postal_code = OTHER_PLACES[country]
    name = _name(random)
    return Person(name, _email(name, number), country, _street(random), city, postal_code)


def organisation_number(random: Random) -> str:
    """Ten digits of a Swedish limited company; the last is the Luhn check digit."""
    digits = [5, 5, 9, *(random.randint(0, 9) for _ in range(6))]
    doubled = [digit * (2 - index % 2) for index, digit in enumerate(digits)]
    check = -sum(value // 10 + value % 10 for value in doubled) % 10
    return "".join(map(str, [*digits, check]))


def foreign_vat_number(random: Random, country: str) -> str:
    """A VAT number in the form of its country, check digits aside."""
    lengths = {"DE": 9, "DK": 8, "FI": 8, "NL": 9, "FR": 11, "PL": 10}
    digits = "".join(str(random.randint(1, 9)) for _ in range(lengths[country]))
    return f"NL{digits}B01" if country == "NL" else country + digits
