"""Learning from the books: bookkeepers of several habits, and what is proposed to them."""

from __future__ import annotations

import json
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from fortstripe_dagster.cli import cli
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.fortnox import sie
from fortstripe_dagster.proof.going_live import Proposal, from_fortnox, learn, read_files, roles
from fortstripe_dagster.proof.going_live.recognise import Payout, Sold, recognise
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.ledger import signed_row
from fortstripe_dagster.sandbox.fortnox.sie_export import sie_file
from fortstripe_dagster_tests.proof.company import Company

MONDAYS = [date(2026, 1, 12) + timedelta(days=7 * week) for week in range(6)]
Rows = dict[str, str]


def post(books: Books, day: date, text: str, rows: Rows, series: str = "A") -> None:
    year = books.ledger.required_year_of(day)
    posted = [signed_row(int(account), Decimal(amount)) for account, amount in rows.items()]
    books.ledger.post_manual(year, series, day, text, posted)


def ledger(books: Books, of: int = 2026) -> sie.Sie:
    year = next(each for each in books.company.years if each.from_date.year == of)
    return sie.parse(sie_file(books, year, 4, year.from_date, year.to_date))


def with_a_claim(books: Books) -> list[Payout]:
    """Sales each Monday on 1580, fees, and the payout on the Wednesday; rent besides."""
    payouts = []
    for week, monday in enumerate(MONDAYS):
        gross = Decimal(1250 * (week + 1))
        paid = gross - 20
        post(
            books,
            monday,
            "Försäljning Stripe",
            {"1580": f"{gross}", "3001": f"{-gross * 8 / 10}", "2611": f"{-gross / 5}"},
        )
        post(books, monday, "Avgifter", {"6570": "20", "1580": "-20"})
        post(books, monday + timedelta(days=2), "Insättning", {"1930": f"{paid}", "1580": f"{-paid}"})
        post(books, monday + timedelta(days=3), "Hyra", {"5010": "9000", "1930": "-9000"})
        payouts.append(Payout(f"po_{week}", paid, "SEK", monday, monday + timedelta(days=2)))
    return payouts


def accounts(found: tuple[roles.Finding, ...]) -> dict[str, str]:
    likeliest: dict[str, str] = {}
    for each in found:
        likeliest.setdefault(each.setting, each.account)
    return likeliest


def test_a_claim_that_payouts_are_taken_from() -> None:
    """The vouchers of fees and payouts name nothing of Stripe's: they are found by the claim that the sales use."""
    books = Books()
    payouts = with_a_claim(books)
    first = recognise([ledger(books)], [])
    assert len(first.vouchers) == 6 and roles.claims(first) == [1580]
    for known in (payouts, []):
        recognised = recognise([ledger(books)], known, accounts=[1580])
        assert (len(recognised.vouchers), len(recognised.payouts)) == (18, len(known))
        found = roles.find([ledger(books)], recognised)
        assert accounts(found) == {
            "accounts.bank": "1930",
            "accounts.clearing.SEK": "1580",
            "accounts.processing_fee": "6570",
            "accounts.sales.25": "3001",
            "accounts.output_vat.25": "2611",
        }
        bank = next(each for each in found if each.setting == "accounts.bank")
        assert (bank.vouchers, bank.of, bank.amount) == (6, 6, sum(each.amount for each in payouts))


def test_payouts_that_pass_through_an_account_of_their_own() -> None:
    books, payouts = Books(), []
    for week, monday in enumerate(MONDAYS):
        paid = f"{1000 + week}"
        post(books, monday, "Stripe försäljning", {"1686": paid, "3001": f"-{paid}"})
        post(books, monday, "Stripe utbetalning skapad", {"1689": paid, "1686": f"-{paid}"})
        post(books, monday + timedelta(days=2), "Stripe utbetalning", {"1930": paid, "1689": f"-{paid}"})
        payouts.append(Payout(f"po_{week}", Decimal(paid), "SEK", monday, monday + timedelta(days=2)))
    for known in (payouts, []):
        found = accounts(roles.find([ledger(books)], recognise([ledger(books)], known)))
        assert found["accounts.bank"] == "1930"
        assert (found["accounts.clearing.SEK"], found["accounts.transit.SEK"]) == ("1686", "1689")


def test_payouts_booked_net_against_sales() -> None:
    books = Books()
    for monday in MONDAYS:
        rows = {"1930": "1230", "6570": "20", "2614": "-5", "2645": "5", "3001": "-1000", "2611": "-250"}
        post(books, monday, "Stripe vecka", rows)
    proposal = learn([ledger(books)], start=date(2026, 3, 1))
    found = accounts(proposal.findings)
    assert "accounts.clearing.SEK" not in found
    assert (found["accounts.bank"], found["accounts.processing_fee"]) == ("1930", "6570")
    assert proposal.reverse_charged == (6, 6)
    written = tomllib.loads(proposal.toml())
    assert written["accounts"]["clearing"] == {"SEK": 1686}
    assert written["start_date"] == date(2026, 3, 1)
    assert '"reverse_charge"' in proposal.text()


def test_sales_of_several_rates_are_told_apart_by_their_vat() -> None:
    books = Books()
    for monday in MONDAYS:
        rows = {
            "1686": "1795",
            "3001": "-1000",
            "2611": "-250",
            "3002": "-400",
            "2621": "-48",
            "3003": "-91.51",
            "2631": "-5.49",
        }
        post(books, monday, "Kortförsäljning", rows)
    found = accounts(roles.find([ledger(books)], recognise([ledger(books)], [], accounts=[1686])))
    assert {name: account for name, account in found.items() if "sales" in name or "vat" in name} == {
        "accounts.sales.25": "3001",
        "accounts.sales.12": "3002",
        "accounts.sales.6": "3003",
        "accounts.output_vat.25": "2611",
        "accounts.output_vat.12": "2621",
        "accounts.output_vat.6": "2631",
    }


def test_an_amount_that_is_the_same_by_chance_is_no_payout() -> None:
    books = Books()
    post(books, date(2026, 1, 20), "Insättning", {"1930": "500", "1910": "-500"})
    far = Payout("po_far", Decimal(500), "SEK", date(2026, 2, 1), date(2026, 2, 3))
    euro = Payout("po_eur", Decimal(500), "EUR", date(2026, 1, 18), date(2026, 1, 20))
    near = [Payout(f"po_{n}", Decimal(500), "SEK", date(2026, 1, 18), date(2026, 1, 20)) for n in (1, 2)]
    assert recognise([ledger(books)], [far, euro]).payouts == ()
    assert [each.payout.id for each in recognise([ledger(books)], near).payouts] == ["po_1"]


def test_invoices_of_people_are_found_by_the_sales_that_they_bill() -> None:
    books = Books()
    day = date(2026, 1, 20)
    post(books, day, "Kundfaktura 1", {"1510": "1250", "3001": "-1000", "2611": "-250"})
    post(books, day, "Kundfaktura 2", {"1510": "700", "3001": "-560", "2611": "-140"})
    sale = Sold("in_1", Decimal(1250), day - timedelta(days=2))
    assert recognise([ledger(books)], [], sales=[sale]).vouchers == (), "nothing says that Stripe pays invoices here"
    post(books, day, "Inbetalning Stripe", {"1686": "1250", "1510": "-1250"})
    found = recognise([ledger(books)], [], sales=[sale, sale])
    assert [each.text for each in found.vouchers] == ["Kundfaktura 1", "Inbetalning Stripe"]


def test_the_books_are_compared_with_stripe_at_the_first_midnight(company: Company) -> None:
    """Of the March of these tests: nothing stood at Stripe when it began."""
    post(company.books, date(2025, 12, 30), "Stripe", {"1686": "700", "3001": "-700"})
    post(company.books, date(2026, 2, 27), "Stripe", {"1686": "300", "3001": "-300"})
    post(company.books, date(2026, 3, 2), "Stripe", {"1686": "218.75", "3001": "-218.75"})
    payout = company.sql("SELECT id, amount, arrival_date FROM stripe.payouts ORDER BY arrival_date LIMIT 1")[0]
    amount = str(Decimal(payout[1]) / 100)
    post(company.books, payout[2] + timedelta(days=1), "Insättning", {"1930": amount, "1686": f"-{amount}"})
    said: list[str] = []
    proposal = learn(from_fortnox(company.fortnox, said.append), company.warehouse, company.settings.start_date)
    assert len(said) == 2
    (double,) = proposal.doubles
    assert (double.payout.id, double.account) == (payout[0], 1930)
    (opening,) = proposal.openings
    assert (opening.accounts, opening.stripe) == (("1686",), Decimal(0))
    assert (opening.books, opening.difference) == (Decimal(1000), Decimal(1000))
    assert proposal.exit_code == 3
    assert payout[0] in proposal.text() and "find out why" in proposal.text()
    assert 'mode = "shadow"' in proposal.toml()
    tomllib.loads(proposal.toml())


def test_what_fortstripe_booked_itself_is_nobody_s_habit() -> None:
    books = Books()
    post(books, date(2026, 1, 5), "Stripe utbetalning", {"1930": "500", "1686": "-500"}, series="S")
    assert learn([ledger(books)]).about_stripe == 1
    assert learn([ledger(books)], leave_out="S").about_stripe == 0


def test_nothing_about_stripe_and_nothing_at_all() -> None:
    books = Books()
    post(books, date(2026, 1, 5), "Hyra", {"5010": "9000", "1930": "-9000"})
    proposal = learn([ledger(books)], start=date(2026, 3, 1))
    assert (proposal.about_stripe, proposal.exit_code) == (0, 0)
    assert "No voucher names Stripe" in proposal.text()
    with pytest.raises(Failure, match="no books"):
        learn([])


def test_the_command_reads_files_and_needs_no_settings(tmp_path: Path) -> None:
    books = Books()
    with_a_claim(books)
    year = next(each for each in books.company.years if each.from_date.year == 2026)
    file = tmp_path / "2026.se"
    file.write_bytes(sie_file(books, year, 4, year.from_date, year.to_date))
    outcome = CliRunner().invoke(cli, ["learn", str(file), "--start", "2026-03-01", "--json"], standalone_mode=False)
    result = json.loads(outcome.stdout)
    assert {each["setting"]: each["account"] for each in reversed(result["accounts"])}[
        "accounts.clearing.SEK"
    ] == "1580"
    assert result["openings"][0]["books"] is not None and result["openings"][0]["stripe"] is None
    broken = tmp_path / "broken.se"
    broken.write_bytes(file.read_bytes().replace(b"1250", b"1251", 1))
    with pytest.raises(ConfigurationError, match="broken.se"):
        read_files([broken])


def test_names_from_the_books_cannot_break_the_fragment() -> None:
    proposal = Proposal(
        "AB", (), date(2026, 3, 1), 1, 1,
        (roles.Finding("accounts.bank", "1930", "Bank\n[accounts]\nbank = 1", 1, 1, Decimal(1), ("A 1",), "why"),),
        (0, 0), 0, (), (),
    )  # fmt: skip
    assert tomllib.loads(proposal.toml())["accounts"]["bank"] == 1930
