"""The company behind the stand-in: who it is, and every setting a person would have made in Fortnox's own screens.

Settings that only decide an unconfirmed behaviour of the real Fortnox are here too, so that a test can have it both
ways.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from fortstripe_dagster.sandbox.fortnox.chart import PREDEFINED_ACCOUNTS

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def now_in_stockholm() -> datetime:
    """The clock of Fortnox: Swedish local time, with its zone."""
    return datetime.now(STOCKHOLM)


@dataclass(frozen=True)
class FinancialYear:
    """A financial year (räkenskapsår). `id` is Fortnox's number for it, which has nothing to do with the calendar."""

    id: int
    from_date: date
    to_date: date
    accounting_method: Literal["ACCRUAL", "CASH"] = "ACCRUAL"
    account_chart_type: str = "Bas 2026"

    def holds(self, day: date) -> bool:
        """Whether the day lies in the year."""
        return self.from_date <= day <= self.to_date


@dataclass(frozen=True)
class VatRate:
    """A VAT rate of the company: percent, the code of its sales, and the account its VAT is posted to (none at 0 %)."""

    percent: Decimal
    code: str
    account: int | None


@dataclass
class Currency:
    """A registered currency; the rates are kronor for `unit` units."""

    code: str
    description: str
    buy_rate: Decimal = Decimal(1)
    sell_rate: Decimal = Decimal(1)
    unit: Decimal = Decimal(1)


@dataclass
class Series:
    """A voucher series of one financial year. Only a manual one takes vouchers through the API."""

    code: str
    description: str
    manual: bool = False


def _years() -> tuple[FinancialYear, ...]:
    return tuple(FinancialYear(n, date(2024 + n, 1, 1), date(2024 + n, 12, 31)) for n in (1, 2, 3))


def _rates() -> tuple[VatRate, ...]:
    return (
        VatRate(Decimal(25), "MP1", PREDEFINED_ACCOUNTS["OUTVAT_MP1"]),
        VatRate(Decimal(12), "MP2", PREDEFINED_ACCOUNTS["OUTVAT_MP2"]),
        VatRate(Decimal(6), "MP3", PREDEFINED_ACCOUNTS["OUTVAT_MP3"]),
        VatRate(Decimal(0), "MF", None),
    )


def _series() -> tuple[Series, ...]:
    return (
        Series("A", "Redovisning", manual=True),
        Series("B", "Kundfakturor"),
        Series("C", "Kundinbetalningar"),
        Series("D", "Leverantörsfakturor"),
        Series("E", "Leverantörsbetalningar"),
        Series("I", "Bokslut", manual=True),
        Series("L", "Löner"),
        Series("M", "Momsrapport"),
        Series("S", "Stripe", manual=True),
    )


def _currencies() -> tuple[Currency, ...]:
    return (
        Currency("SEK", "Svenska kronor"),
        Currency("EUR", "Euro", Decimal("11.20"), Decimal("11.30")),
        Currency("USD", "US-dollar", Decimal("9.45"), Decimal("9.55")),
        Currency("GBP", "Brittiska pund", Decimal("12.90"), Decimal("13.05")),
        Currency("NOK", "Norska kronor", Decimal("94.00"), Decimal("95.00"), Decimal(100)),
        Currency("DKK", "Danska kronor", Decimal("150.00"), Decimal("151.50"), Decimal(100)),
    )


def _modes() -> dict[str, tuple[str, int]]:
    return {
        "BG": ("Bankgiro", 1930),
        "PG": ("PlusGiro", 1920),
        "KO": ("Kontant", 1910),
        "STRIPE": ("Stripe", 1686),
        "STRIPEEUR": ("Stripe EUR", 1687),
    }


@dataclass(frozen=True)
class Company:
    """Who the company is and how it has set Fortnox up. The defaults are an ordinary small web shop.

    `preselected_year` is the id of the financial year a request without one falls into; None means the year of today.
    `locked_until` is the last day of the locked period at the start; `Books.lock` moves it.
    """

    name: str = "Nordljus Handel AB"
    organisation_number: str = "556677-8899"
    vat_number: str = "SE556677889901"
    tenant_id: int = 1051660
    address: str = "Storgatan 1"
    zip_code: str = "111 22"
    city: str = "Stockholm"
    email: str = "ekonomi@nordljus.example"
    years: tuple[FinancialYear, ...] = field(default_factory=_years)
    preselected_year: int | None = None
    locked_until: date | None = None
    vat_rates: tuple[VatRate, ...] = field(default_factory=_rates)
    series: tuple[Series, ...] = field(default_factory=_series)
    invoice_series: str = "B"
    payment_series: str = "C"
    currencies: tuple[Currency, ...] = field(default_factory=_currencies)
    modes_of_payment: dict[str, tuple[str, int]] = field(default_factory=_modes)
    administration_fee: Decimal = Decimal(0)
    """Added to every invoice that does not send AdministrationFee itself; kronor without VAT."""
    sees_contribution: bool = True
    """Whether the licence shows contribution margins; without it those number fields read "API_NORIGHT"."""
    round_to_krona: bool = True
    """Whether SEK invoices are rounded to whole kronor (öresutjämning)."""
    vat_rounding: Literal["invoice", "row"] = "invoice"
    """Whether VAT is rounded once for each rate of an invoice or for each row; the real rule is unconfirmed."""
    warehouse: bool = False
    """Whether the Warehouse module (Lager) is active."""
    delivers_by_itself: bool = True
    """Whether that module takes invoices for delivered; else each is marked as ready before it is bookkept."""
    credit_keeps_references: bool = True
    """Whether the invoice made by /credit repeats the original's ExternalInvoiceReference1 and 2; unconfirmed."""
