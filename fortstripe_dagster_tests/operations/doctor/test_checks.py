"""Each check of the doctor finds the fault that it is for, says what to do, and is silent without it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.delivery.planning.preflight import Account, Company, Year
from fortstripe_dagster.delivery.planning.vat_codes import NONE, boxes_by_account
from fortstripe_dagster.extract import STREAMS
from fortstripe_dagster.fortnox import sie
from fortstripe_dagster.fortnox.vat_codes import vat_box
from fortstripe_dagster.operations.doctor import diagnose
from fortstripe_dagster.operations.doctor.chart import PREDEFINED, needed
from fortstripe_dagster.operations.doctor.facts import Facts, FortnoxFacts, OpenInvoice, Refusal, StripeFacts
from fortstripe_dagster.operations.doctor.findings import Examined
from fortstripe_dagster.operations.doctor.permissions import scopes_of
from fortstripe_dagster.proof.going_live import Proposal, learn, roles
from fortstripe_dagster.proof.going_live.openings import Opening
from fortstripe_dagster.proof.going_live.recognise import Booked, Payout
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.sie_export import sie_file
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES

TODAY = date(2026, 5, 4)
DECIDED = {
    "tips": "staff",
    "connect": "agent",
    "accounts": {"clearing": {"SEK": "1686"}, "paid_outside_stripe": "1930", "granted_credit": "3730"},
}
CODES = {
    box: next(code for code in ("MP1", "MF", "U1", "U2", "U3", "FTEU", "VTEU", "OTTU", "E", "OMSS", "UTU1", "I", "ITEU")
              if vat_box(code) == box)
    for box in ("05", "42", "10", "11", "12", "39", "35", "40", "36", "41", "30", "48", "21")
}  # fmt: skip
Change = Callable[[Facts], Facts]
OTHER_CLAIM = roles.Finding(
    "accounts.clearing.SEK", "1580", "", 9, 10, Decimal(900), ("A 3",), "payouts are taken from it"
)
TOO_MUCH = Opening("SEK", ("1686",), Decimal(500), Decimal(400), Decimal(0))
BY_HAND = Booked(
    Payout("po_1", Decimal(100), "SEK", date(2026, 3, 4), date(2026, 3, 6)),
    sie.SieVoucher("A", 12, date(2026, 3, 6), "Stripe", (), (), (), 1, None, ""),
    1930,
)


def a_year() -> sie.Sie:
    """The books of 2026 before anything is booked."""
    year = next(each for each in Books().company.years if each.from_date.year == 2026)
    return sie.parse(sie_file(Books(), year, 4, year.from_date, year.to_date))


@pytest.fixture
def healthy(tmp_path: Path) -> Facts:
    """A company in which nothing is to be found."""
    chosen: dict[str, Any] = {**CHOICES, **DECIDED, "home": tmp_path, "FORTNOX_TENANT_ID": "77"}
    settings = Settings(**chosen)
    boxes = boxes_by_account(settings.accounts)
    accounts = {
        number: Account(True, None, CODES.get(boxes.get(number, NONE))) for number in settings.accounts.numbers()
    }
    year = Year(3, date(2026, 1, 1), date(2026, 12, 31), "ACCRUAL", accounts, True, 1)
    company = Company("77", "Bolaget AB", None, (year,), {"STRIPE": "1686"})
    fortnox = FortnoxFacts(
        scopes={scope.name: None for scope in scopes_of(settings)},
        company=company,
        predefined={name: settings.accounts.roles()[part] for part, name in PREDEFINED.items()},
        currencies=frozenset({"SEK"}),
        overdue=(),
        roundings=(Decimal("0.00"),),
        stock_module=False,
        books=learn([a_year()], start=settings.start_date),
    )
    stripe = StripeFacts(dict.fromkeys(["account", "balance", *STREAMS]), "acct_1", "live")
    return Facts(settings, TODAY, {}, stripe, fortnox)


def test_a_healthy_company_has_nothing_but_ok(healthy: Facts) -> None:
    diagnosis = diagnose(healthy)
    assert {f.severity for check in diagnosis.examined for f in check.findings} == {"ok"}, diagnosis.text()
    assert diagnosis.exit_code == 0


def of_company(**changes: Any) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.fortnox, FortnoxFacts) and isinstance(facts.fortnox.company, Company)
        return replace(facts, fortnox=replace(facts.fortnox, company=replace(facts.fortnox.company, **changes)))

    return change


def of_year(**changes: Any) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.fortnox, FortnoxFacts) and isinstance(facts.fortnox.company, Company)
        return of_company(years=(replace(facts.fortnox.company.years[0], **changes),))(facts)

    return change


def of_account(number: str, account: Account | None) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.fortnox, FortnoxFacts) and isinstance(facts.fortnox.company, Company)
        accounts = {**facts.fortnox.company.years[0].accounts}
        accounts.pop(number)
        return of_year(accounts=accounts | ({number: account} if account else {}))(facts)

    return change


def of_fortnox(**changes: Any) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.fortnox, FortnoxFacts)
        return replace(facts, fortnox=replace(facts.fortnox, **changes))

    return change


def of_books(**changes: Any) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.fortnox, FortnoxFacts) and isinstance(facts.fortnox.books, Proposal)
        return of_fortnox(books=replace(facts.fortnox.books, **changes))(facts)

    return change


def of_settings(**changes: Any) -> Change:
    return lambda facts: replace(facts, settings=facts.settings.model_copy(update=changes))


def key(text: str) -> Change:
    def change(facts: Facts) -> Facts:
        chosen: dict[str, Any] = {**CHOICES, **DECIDED, "FORTNOX_TENANT_ID": "77", "STRIPE_API_KEY": text}
        return replace(facts, settings=Settings(home=facts.settings.home, **chosen))

    return change


def forbidden(stream: str, permission: str) -> Change:
    def change(facts: Facts) -> Facts:
        assert isinstance(facts.stripe, StripeFacts)
        refusal = Refusal(f"lacks {permission}", f"give {permission}.", permission)
        return replace(facts, stripe=replace(facts.stripe, lists={**facts.stripe.lists, stream: refusal}))

    return change


CASES: list[tuple[str, Change, str, str, str]] = [
    # (check, fault, severity, a word of what is said, a word of the remedy)
    ("start_date", lambda f: replace(f, today=date(2026, 2, 1)), "info", "2026-03-01", "start_date"),
    ("open_choices", of_settings(tips=None), "info", "(tips)", "accountant"),
    ("stripe_key", key("sk_live_123"), "warning", "may do everything", "restricted key"),
    ("stripe_key", key("pk_live_123"), "error", "publishable", "restricted key"),
    ("stripe_key", key("whsec_123"), "error", "no secret or restricted key", "restricted key"),
    ("stripe_key", key(""), "error", "not set", "STRIPE_API_KEY"),
    ("stripe_account", lambda f: replace(f, pins={"stripe_account": "acct_2"}), "error", "acct_2", "FORTSTRIPE_HOME"),
    ("stripe_account", lambda f: replace(f, pins={"stripe_mode": "test"}), "error", "live", "FORTSTRIPE_HOME"),
    ("stripe_account", lambda f: replace(f, stripe=Refusal("no way", "try it")), "error", "no way", "try it"),
    ("stripe_permissions", forbidden("disputes", "rak_dispute_read"), "error", "rak_dispute_read", "rak_dispute_read"),
    ("stripe_permissions", forbidden("topups", "rak_top_up_read"), "error", "rak_top_up", "stripe.switched_off"),
    ("fortnox_login", lambda f: replace(f, fortnox=Refusal("no way", "try it")), "error", "no way", "try it"),
    ("fortnox_login", lambda f: replace(f, pins={"fortnox_tenant": "78"}), "error", "78", "FORTSTRIPE_HOME"),
    ("fortnox_login", of_company(tenant_id="79"), "error", "79", "fortstripe connect"),
    ("fortnox_scopes", of_fortnox(scopes={"inbox": Refusal("no scope", "connect")}), "error", "inbox", "attachments"),
    ("fortnox_scopes", of_fortnox(scopes={"payment": Refusal("no licence", "order it")}), "error", "no lic", "order"),
    ("financial_years", of_year(last=date(2026, 4, 30)), "error", "2026-05-04", "financial year"),
    ("financial_years", of_year(accounting_method="CASH"), "error", "CASH", "accounting_method"),
    ("financial_years", lambda f: replace(f, today=date(2026, 11, 1)), "warning", "2027-01-01", "financial year"),
    ("locked_periods", of_company(locked_until=date(2026, 3, 31)), "warning", "2026-03-31", "locked_period"),
    ("locked_periods", of_settings(closed_until=date(2026, 3, 31)), "warning", "closed_until", "locked_period"),
    ("locked_periods", of_settings(vat_filed_until=date(2026, 3, 31)), "warning", "VAT return", "locked_period"),
    ("accounts", of_account("1686", None), "error", "1686 (accounts.clearing.SEK)", "fortstripe.toml"),
    ("accounts", of_account("3001", Account(False, None, "MP1")), "error", "3001", "activate"),
    ("accounts", of_account("2421", None), "warning", "held when it occurs", "fortstripe.toml"),
    ("vat_codes", of_account("3001", Account(True, None, "E")), "error", "3001 has E (box 36)", "momskod"),
    ("vat_codes", of_account("1689", Account(True, None, "MP1")), "error", "needs no code", "momskod"),
    ("vat_codes", of_account("2611", Account(True, None, None)), "warning", "2611 (box 10)", "momskod"),
    ("predefined_accounts", of_fortnox(predefined={"OUTVAT_MP1": "2610"}), "error", "2610", "accounts.output_vat.25"),
    ("predefined_accounts", of_fortnox(predefined={"CUSTCLAIM": "1512"}), "error", "1512", "accounts.receivable"),
    ("voucher_series", of_year(series_manual=False), "error", "from outside", "manuell"),
    ("voucher_series", of_year(series_manual=None), "info", "no series S", "--create"),
    ("modes_of_payment", of_company(modes={"STRIPE": "1687"}), "info", "1686", "--create"),
    ("currencies", of_fortnox(currencies=frozenset({"EUR"})), "info", "SEK", "--create"),
    ("rounding", of_fortnox(roundings=(Decimal(0), Decimal("0.25"))), "warning", "whole kronor", "öresavrundning"),
    ("rounding", of_fortnox(roundings=()), "info", "no recent invoice", "öresavrundning"),
    ("reminders", of_fortnox(overdue=(OpenInvoice("17", "in_1"),)), "warning", "17", "Påminnelser"),
    ("stock", of_fortnox(stock_module=True), "info", "stock module is active", "articles"),
    ("books", of_books(findings=(OTHER_CLAIM,)), "warning", "1580", "accounts.clearing.SEK"),
    ("books", of_books(openings=(TOO_MUCH,)), "warning", "1686", "fortstripe learn"),
    ("books", of_books(booked=(BY_HAND,)), "warning", "po_1 by A 12", "bank_leg"),
]


@pytest.mark.parametrize(("name", "fault", "severity", "said", "remedy"), CASES, ids=[f"{c[0]} {c[3]}" for c in CASES])
def test_a_fault_is_found_with_its_remedy(
    healthy: Facts, name: str, fault: Change, severity: str, said: str, remedy: str
) -> None:
    check = examined(fault(healthy), name)
    found = [finding for finding in check.findings if finding.severity != "ok"]
    assert [finding.severity for finding in found] == [severity]
    assert said in found[0].what
    assert remedy in found[0].remedy
    assert check.passed == (severity == "info")


def test_every_check_has_a_fault_among_the_cases(healthy: Facts) -> None:
    assert {check.name for check in diagnose(healthy).examined} == {case[0] for case in CASES}


def test_what_could_not_be_read_passes_no_check(healthy: Facts) -> None:
    lost = diagnose(replace(healthy, stripe=Refusal("gone", "wait"), fortnox=Refusal("gone", "wait")))
    blind = [check for check in lost.examined if check.subject == "Fortnox"]
    assert not any(check.passed for check in blind)
    assert {check.worst for check in blind} == {"warning", "error"}
    assert lost.exit_code == 3
    no_books = examined(of_fortnox(company=Refusal("no scope", "connect"))(healthy), "accounts")
    assert not no_books.passed and "not examined. no scope" in no_books.findings[0].what


def test_a_company_that_delivers_has_made_its_choice_of_accounts(healthy: Facts) -> None:
    running = replace(of_books(findings=(OTHER_CLAIM,), openings=(TOO_MUCH,))(healthy), pins={"stripe_mode": "live"})
    assert {finding.severity for finding in examined(running, "books").findings} == {"info"}
    fed = of_settings(bank_leg="leave_to_bank_feed")(of_books(booked=(BY_HAND,))(healthy))
    assert examined(fed, "books").worst == "ok"


def test_vouchers_alone_need_no_invoice_settings(healthy: Facts) -> None:
    vouchers = of_settings(sales="daily_voucher")(of_fortnox(predefined={"OUTVAT_MP1": "2610"}, overdue=())(healthy))
    assert examined(of_company(modes={})(vouchers), "modes_of_payment").passed
    assert examined(vouchers, "predefined_accounts").passed


def test_which_accounts_no_day_can_do_without_follows_from_the_choices(healthy: Facts) -> None:
    ordinary = needed(healthy.settings)
    assert {"bank", "receivable", "processing_fee", "sales:25", "output_vat:25"} <= ordinary
    assert {"voucher_receivable", "gift_cards", "processing_fee_reverse_charge"}.isdisjoint(ordinary)
    other = of_settings(sales="daily_voucher", bank_leg="leave_to_bank_feed", processing_fee_vat="reverse_charge")
    assert {"bank", "receivable", "processing_fee"}.isdisjoint(needed(other(healthy).settings))
    assert {"voucher_receivable", "processing_fee_reverse_charge"} <= needed(other(healthy).settings)


def test_the_text_names_the_remedy_below_each_finding(healthy: Facts) -> None:
    text = diagnose(of_year(series_manual=False)(healthy)).text()
    line = next(number for number, line in enumerate(text.splitlines()) if "takes no vouchers" in line)
    assert text.splitlines()[line].strip().startswith("error")
    assert "Remedy: tick the series" in text.splitlines()[line + 1]
    assert text.endswith("1 error, 0 warnings.")


def examined(facts: Facts, name: str) -> Examined:
    return next(check for check in diagnose(facts).examined if check.name == name)
