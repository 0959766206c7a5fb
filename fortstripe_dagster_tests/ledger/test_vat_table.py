"""The VAT decision table, row by row, and each territory that is not what its country code says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

OSS = {"status": "on"}
OSS_ACCOUNTS = {
    "DE": {"19": {"sales": "3321", "vat": "2671", "goods": "3121"}},
    "FI": {"25.5": {"sales": "3322", "vat": "2672"}},
    "FR": {"20": {"sales": "3323", "vat": "2673"}},
    "GR": {"24": {"sales": "3324", "vat": "2674"}},
    "XI": {"20": {"sales": "3325", "vat": "2675"}},
    "PT": {"22": {"sales": "3326", "vat": "2676"}, "16": {"sales": "3327", "vat": "2677"}},
    "AT": {"19": {"sales": "3328", "vat": "2678"}},
}

# Account, VAT account, rate, box, VATType.
EXPORT_GOODS = ("3105", None, "0", "36", "EXPORT")
EXPORT_SERVICE = ("3305", None, "0", "40", "EXPORT")
SWEDISH = ("3001", "2611", "25", "05", "SEVAT")
EU_SERVICE = ("3308", None, "0", "39", "EUREVERSEDVAT")
EU_GOODS = ("3108", None, "0", "35", "EUREVERSEDVAT")
EXEMPT = ("3004", None, "0", "42", "SEVAT")
OSS_GERMANY = ("3321", "2671", "19", "", "SEVAT")

Case = tuple[str, dict[str, Any], dict[str, str], tuple[str, str | None, str, str, str]]

# Row of the table, customer, what is sold, what is booked. Rows 8 and 10 need the scheme.
HOME: list[Case] = [
    ("1", {"country": "SE"}, {}, SWEDISH),
    ("1", {"country": "SE"}, {"vat_rate": "12"}, ("3002", "2621", "12", "05", "SEVAT")),
    ("1", {"country": "SE"}, {"supply": "goods", "vat_rate": "6"}, ("3003", "2631", "6", "05", "SEVAT")),
    ("1", {"country": "SE", "vat_number": "SE556677889901"}, {"supply": "other"}, SWEDISH),
    ("2", {"country": "SE"}, {"vat_rate": "0"}, EXEMPT),
    ("2", {"country": "SE"}, {"vat_class": "exempt"}, EXEMPT),
    (
        "3", {"country": "SE", "vat_number": "SE556677889901", "tax_exempt": "reverse"}, {"supply": "other"},
        ("3231", None, "0", "41", "SEREVERSEDVAT"),
    ),
    ("4", {"country": "DE", "vat_number": "DE123456789"}, {}, EU_SERVICE),
    ("4", {"country": "GR", "vat_number": "EL123456789"}, {"supply": "other"}, EU_SERVICE),
    ("5", {"country": "DE", "vat_number": "DE123456789"}, {"supply": "goods"}, EU_GOODS),
    (
        "6", {"country": "DE", "vat_number": "DE123456789", "tax_ids_status": "unverified"}, {},
        SWEDISH,
    ),
    (
        "6", {"country": "DE", "vat_number": "DE123456789", "tax_ids_status": "pending"}, {"supply": "goods"},
        ("3106", "2611", "25", "05", "EUVAT"),
    ),
    ("6", {"country": "DE", "vat_number": "DE1", "tax_ids_status": "unverified"}, {"supply": "other"}, SWEDISH),
    (
        "6", {"country": "DE", "vat_number": "DE1", "tax_ids_status": "unverified"},
        {"supply": "other", "vat_rate": "0"}, EXEMPT,
    ),
    ("7", {"country": "DK"}, {}, SWEDISH),
    ("9", {"country": "DK"}, {"supply": "goods"}, ("3106", "2611", "25", "05", "EUVAT")),
    ("9", {"country": "DK"}, {"supply": "goods", "vat_rate": "12"}, ("3106", "2621", "12", "05", "EUVAT")),
    ("11", {"country": "DK"}, {"supply": "other"}, SWEDISH),
    (
        "12", {"country": "NO", "tax_ids": [("no_vat", "123456789MVA")]}, {"supply": "other"},
        EXPORT_SERVICE,
    ),
    ("13", {"country": "NO"}, {}, EXPORT_SERVICE),
    ("13", {"country": "NO"}, {"vat_rate": "0"}, EXPORT_SERVICE),
    ("14", {"country": "NO"}, {"supply": "other"}, SWEDISH),
    ("14", {"country": "NO"}, {"supply": "other", "vat_rate": "0"}, EXEMPT),
    ("15", {"country": "US"}, {"supply": "goods"}, EXPORT_GOODS),
    ("15", {"country": "US"}, {"supply": "goods", "vat_rate": "0"}, EXPORT_GOODS),
    ("15", {"country": "GB", "postal_code": "SW1A 1AA"}, {"supply": "goods"}, EXPORT_GOODS),
]  # fmt: skip

ABROAD: list[Case] = [
    ("6", {"country": "DE", "vat_number": "DE1", "tax_ids_status": "unverified"}, {}, OSS_GERMANY),
    ("8", {"country": "DE"}, {}, OSS_GERMANY),
    ("8", {"country": "FI", "postal_code": "00100"}, {}, ("3322", "2672", "25.5", "", "SEVAT")),
    ("8", {"country": "GR", "postal_code": "105 57"}, {}, ("3324", "2674", "24", "", "SEVAT")),
    ("10", {"country": "DE"}, {"supply": "goods"}, ("3121", "2671", "19", "", "SEVAT")),
    ("10", {"country": "FI"}, {"supply": "goods"}, ("3322", "2672", "25.5", "", "SEVAT")),
    ("11", {"country": "DE"}, {"supply": "other"}, SWEDISH),
    ("8", {"country": "MC", "postal_code": "98000"}, {}, ("3323", "2673", "20", "", "SEVAT")),
    ("8", {"country": "FR", "postal_code": "98000"}, {}, ("3323", "2673", "20", "", "SEVAT")),
    ("8", {"country": "PT", "postal_code": "9000-123"}, {}, ("3326", "2676", "22", "", "SEVAT")),
    ("8", {"country": "PT", "postal_code": "9500-123"}, {}, ("3327", "2677", "16", "", "SEVAT")),
    ("8", {"country": "AT", "postal_code": "6991"}, {}, ("3328", "2678", "19", "", "SEVAT")),
    ("10", {"country": "GB", "postal_code": "BT1 5GS"}, {"supply": "goods"}, ("3325", "2675", "20", "", "SEVAT")),
    ("13", {"country": "GB", "postal_code": "bt1 5gs"}, {}, EXPORT_SERVICE),
    (
        "5", {"country": "GB", "postal_code": "BT1 5GS", "vat_number": "XI123456789"}, {"supply": "goods"},
        EU_GOODS,
    ),
    ("15", {"country": "IM"}, {"supply": "goods"}, EXPORT_GOODS),
    *[
        (row, {"country": country, "postal_code": code}, {"supply": supply}, accounts)
        for country, code in [
            ("FI", "FI-22100"), ("ES", "35001"), ("ES", "38 001"), ("ES", "51001"), ("ES", "52001"), ("DE", "27498"),
            ("DE", "78266"), ("IT", "23041"), ("IT", "22061"), ("GR", "630 86"), ("FR", "97400"), ("FR", "98714"),
        ]
        for row, supply, accounts in [
            ("15", "goods", EXPORT_GOODS), ("13", "e-service", EXPORT_SERVICE)
        ]
    ],
]  # fmt: skip


def decided(tmp_path_factory: pytest.TempPathFactory, cases: list[Case], **choices: Any) -> tuple[Book, list[str]]:
    world = new_world()
    ids = sold(world, cases)
    return book(world, tmp_path_factory.mktemp("decided"), **choices), ids


def sold(world: World, cases: list[Case]) -> list[str]:
    ids = []
    for number, (_, customer, metadata, _) in enumerate(cases):
        who = world.customer(name=f"Kund {number}", **customer)
        ids.append(world.one_off_payment(at=at(2), amount=10000, customer=who, metadata=metadata)["id"])
    return ids


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, list[str], dict[str, str]]:
    """The ledger, the sales of the table's rows, and those that are beside it by what is odd in them."""
    world = new_world()
    ids, odd = sold(world, HOME), beside(world)
    return book(world, tmp_path_factory.mktemp("home")), ids, odd


@pytest.fixture(scope="module")
def at_home(home: tuple[Book, list[str], dict[str, str]]) -> tuple[Book, list[str]]:
    return home[0], home[1]


@pytest.fixture(scope="module")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, list[str]]:
    accounts = {"clearing": {"SEK": "1686"}, "oss": OSS_ACCOUNTS}
    return decided(tmp_path_factory, ABROAD, oss=OSS, accounts=accounts)


def named(cases: list[Case]) -> list[Any]:
    return [
        pytest.param(number, row, expected, id=" ".join([row, *map(str, customer.values()), *metadata.values()]))
        for number, (row, customer, metadata, expected) in enumerate(cases)
    ]


def row_of(decided: tuple[Book, list[str]], number: int) -> Any:
    ledger, ids = decided
    ((decision, account, vat_account, rate, box, vat_type, gross, net, vat),) = ledger.rows(
        "SELECT decision, account, vat_account, vat_rate, box, vat_type, gross_ore, net_ore, vat_ore"
        " FROM ledger.sale_rows WHERE sale_id = ?",
        ids[number],
    )
    assert (gross, net + vat) == (10000, 10000)
    assert abs(vat - Decimal(10000) * rate / (100 + rate)) <= Decimal("0.5")
    return decision, (account, vat_account if rate else None, f"{rate.normalize():f}", box, vat_type)


@pytest.mark.parametrize(("number", "row", "expected"), named(HOME))
def test_a_row_of_the_table(at_home: tuple[Book, list[str]], number: int, row: str, expected: tuple[str, ...]) -> None:
    assert row_of(at_home, number) == (row, expected)


@pytest.mark.parametrize(("number", "row", "expected"), named(ABROAD))
def test_a_row_of_the_table_under_the_one_stop_shop(
    abroad: tuple[Book, list[str]], number: int, row: str, expected: tuple[str, ...]
) -> None:
    assert row_of(abroad, number) == (row, expected)


def test_what_needs_a_person_waits_or_is_pointed_out(at_home: tuple[Book, list[str]]) -> None:
    ledger, ids = at_home
    held = {remark.entry_id.split(":")[0]: remark.text for remark in ledger.report.held}
    alerts = {remark.entry_id.split(":")[0]: remark.text for remark in ledger.report.alerts}
    for (row, *_), sale in zip(HOME, ids, strict=True):
        assert (sale in held) == (row == "3")
        assert (sale in alerts) == (row in {"3", "6", "14"})
    assert all("domestic_reverse_charge" in held[sale] for sale in ids if sale in held)


def beside(world: World) -> dict[str, str]:
    """Sales whose evidence conflicts or is missing, and goods that are sent elsewhere than the buyer is."""
    dane = world.customer(name="Jens", country="DK")
    elsewhere = world.one_off_payment(at=at(2), amount=10000, customer=dane)
    elsewhere["billing_details"]["address"] = {**elsewhere["billing_details"]["address"], "country": "NO"}
    foreign_card = world.one_off_payment(at=at(3), amount=10000, customer=dane)
    foreign_card["payment_method_details"]["card"]["country"] = "US"
    swedish_number = world.customer(name="AB", country="DK", vat_number="SE556677889901")
    swede = world.customer(name="Anna", country="SE")
    to_norway = {"country": "NO", "line1": "Gata 1", "city": "Oslo", "postal_code": "0150"}
    made = {
        "address is in DK, the payer's in NO": elsewhere,
        "address is in DK, the card is from US": foreign_card,
        "the VAT number is Swedish": world.one_off_payment(at=at(4), amount=10000, customer=swedish_number),
        "country is unknown": world.one_off_payment(at=at(5), amount=10000, method="klarna", name="Okänd", country=""),
        "sent to Norway": world.one_off_payment(
            at=at(2), amount=10000, customer=swede, ship_to=to_norway, metadata={"supply": "goods"}
        ),
    }
    return {odd: charge["id"] for odd, charge in made.items()}


@pytest.fixture(scope="module")
def careful(
    home: tuple[Book, list[str], dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Book, list[str], dict[str, str]]:
    """The same, where the card is evidence too and Swedish reverse charge is booked."""
    ledger, ids, odd = home
    chosen = {"location_evidence": "address_and_card", "domestic_reverse_charge": "book"}
    return ledger.under(tmp_path_factory.mktemp("under") / "careful", vat=chosen), ids, odd


def test_swedish_reverse_charge_is_booked_when_the_company_says_so(
    careful: tuple[Book, list[str], dict[str, str]],
) -> None:
    ledger, ids, _ = careful
    (sale,) = [id for (row, *_), id in zip(HOME, ids, strict=True) if row == "3"]
    assert f"{sale}:sale" not in ledger.held()
    assert ledger.entry(f"{sale}:sale") == {"1510": "100.00", "3231": "-100.00"}


def test_conflicting_and_missing_evidence_is_held(careful: tuple[Book, list[str], dict[str, str]]) -> None:
    ledger, _, odd = careful
    held = {entry.split(":")[0]: text for entry, text in ledger.held().items() if entry.endswith(":sale")}
    cases = {sale: text for text, sale in odd.items() if text != "sent to Norway"}
    assert held.keys() == cases.keys()
    assert all(text in held[sale] for sale, text in cases.items())


def test_goods_are_taxed_where_they_are_sent(home: tuple[Book, list[str], dict[str, str]]) -> None:
    ledger, _, odd = home
    assert ledger.entry(f"{odd['sent to Norway']}:sale") == {"1510": "100.00", "3105": "-100.00"}
