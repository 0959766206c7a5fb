"""Money beside Stripe's balance: overpayments, credit balances, invoices paid elsewhere, advances with their VAT.

Each story has customers of its own; all are in one world, booked before and after the company has chosen its accounts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, played, row

ACCOUNTS = {"clearing": {"SEK": "1686"}, "paid_outside_stripe": "1930", "granted_credit": "3730"}

Made = dict[str, Any]


def svea(world: World) -> Made:
    return world.customer(name="Svea Handel AB", country="SE")


def transaction_of(world: World, source: str, type: str = "charge") -> str:
    (found,) = [t for t in world.all("balance_transaction") if t["source"] == source and t["type"] == type]
    return str(found["id"])


def overpaid(world: World) -> Made:
    customer = svea(world)
    first = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    charge = world.pay_invoice(first, at=at(3), amount=135000, fee=0)
    second = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.pay_invoice(second, at=at(6), fee=0)
    return {"first": first["id"], "second": second["id"], "payment": transaction_of(world, charge["id"])}


def noted_to_balance(world: World) -> Made:
    first = world.invoice(at=at(2), customer=svea(world), lines=[row("Plan", 125000)])
    world.pay_invoice(first, at=at(3))
    note = world.credit_note(first, at=at(4), lines=[(world.lines[first["id"]][0], 25000)], to="balance")
    return {"first": first["id"], "note": note["id"]}


def voided(world: World) -> Made:
    customer = svea(world)
    paid = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    world.pay_invoice(paid, at=at(3), amount=135000)
    wrong = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.void_invoice(wrong, at=at(7))
    return {"paid": paid["id"], "wrong": wrong["id"]}


def outside(world: World) -> Made:
    invoice = world.invoice(
        at=at(2), customer=svea(world), lines=[row("Plan", 125000)], collection_method="send_invoice"
    )
    link = world.pay_invoice_off_stripe(invoice, at=at(9))
    return {"invoice": invoice["id"], "link": link["id"]}


def outside_as_older_versions_tell_it(world: World) -> Made:
    made = outside(world)
    world.get("invoice", made["invoice"])["amount_paid_off_stripe"] = None
    return made


def refunded_outside(world: World) -> Made:
    invoice = world.invoice(at=at(2), customer=svea(world), lines=[row("Plan", 125000)])
    world.pay_invoice(invoice, at=at(3))
    return {"invoice": invoice["id"], "note": world.credit_note(invoice, at=at(4), to="out_of_band")["id"]}


def before_its_date(world: World) -> Made:
    invoice = world.invoice(at=at(2), customer=svea(world), lines=[row("Plan", 125000)], effective_at=at(20))
    charge = world.pay_invoice(invoice, at=at(3), fee=0)
    return {"invoice": invoice["id"], "payment": transaction_of(world, charge["id"])}


def before_its_date_in_parts(world: World) -> Made:
    rates = [world.tax_rate(percentage=percent, country="SE") for percent in (25, 6)]
    lines = [row("Plan", 33333, 1, rates[0]), row("Bok", 10007, 1, rates[1])]
    invoice = world.invoice(at=at(2), customer=svea(world), lines=lines, effective_at=at(20))
    world.pay_invoice(invoice, at=at(3), amount=10001)
    world.pay_invoice(invoice, at=at(4))
    return {"invoice": invoice["id"]}


def given_by_hand(world: World) -> Made:
    customer = svea(world)
    world.give_credit(customer, at=at(2), amount=10000)
    invoice = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.pay_invoice(invoice, at=at(6))
    return {"invoice": invoice["id"]}


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    """All stories, before the company has chosen accounts for them."""
    world = new_world()
    made = played(
        world, overpaid, noted_to_balance, voided, outside, outside_as_older_versions_tell_it, refunded_outside,
        before_its_date, before_its_date_in_parts, given_by_hand,
    )  # fmt: skip
    return book(world, tmp_path_factory.mktemp("undecided")), made


@pytest.fixture(scope="module")
def decided(undecided: tuple[Book, Made], tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    """The same under the company's accounts."""
    ledger, made = undecided
    return ledger.under(tmp_path_factory.mktemp("under") / "decided", accounts=ACCOUNTS), made


def open_receivables(ledger: Book) -> dict[str, str]:
    """Sales whose receivable is not settled, in kronor."""
    return dict(
        ledger.rows(
            "SELECT e.sale_id, sum(l.debit - l.credit)::VARCHAR "
            "FROM ledger.lines l JOIN ledger.entries e USING (entry_id) "
            "WHERE l.account = '1510' GROUP BY 1 HAVING sum(l.debit - l.credit) <> 0"
        )
    )


def test_every_invoice_is_settled_and_only_what_a_void_gave_back_is_owed(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    assert open_receivables(ledger) == {}
    assert not ledger.held()
    # 100.00 from the void and 250.00 from the credit note.
    assert ledger.accounts()["2899"] == "-350.00"
    assert ledger.accounts()["2420"] == "0.00"


def test_what_is_overpaid_is_the_customers_and_the_next_invoice_uses_it(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    ids = made["overpaid"]
    assert ledger.entry(ids["payment"]) == {"1510": "-1250.00", "1686": "1350.00", "2899": "-100.00"}
    assert ledger.entry(f"{ids['second']}:credit_balance") == {"1510": "-100.00", "2899": "100.00"}
    booked = ledger.part(*ids.values())
    assert (booked["1510"], booked["2899"]) == ("0.00", "0.00")


def test_a_credit_note_to_the_balance_is_a_debt_until_an_invoice_uses_it(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    ids = made["noted_to_balance"]
    assert ledger.entry(f"{ids['note']}:credit") == {"1510": "-250.00", "2611": "50.00", "3001": "200.00"}
    assert ledger.entry(f"{ids['note']}:to_balance") == {"1510": "250.00", "2899": "-250.00"}
    assert ledger.part(*ids.values())["1510"] == "0.00"


def test_a_void_gives_the_credit_balance_back(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    ids = made["voided"]
    returned = f"{ids['wrong']}:credit_balance_returned"
    assert ledger.entry(returned) == {"1510": "100.00", "2899": "-100.00"}
    assert ledger.day(returned) == date(2026, 3, 7)
    booked = ledger.part(*ids.values())
    assert (booked["1510"], booked["2899"]) == ("0.00", "-100.00")


def test_an_invoice_paid_outside_stripe_waits_until_its_account_is_chosen(
    undecided: tuple[Book, Made], decided: tuple[Book, Made]
) -> None:
    ledger, made = undecided
    link = made["outside"]["link"]
    waiting = {remark.entry_id: remark for remark in ledger.report.held}
    assert waiting[link].day == date(2026, 3, 9)
    assert "accounts.paid_outside_stripe" in waiting[link].text
    assert decided[0].entry(link) == {"1510": "-1250.00", "1930": "1250.00"}


def test_nothing_else_waits_for_an_account(undecided: tuple[Book, Made]) -> None:
    ledger, made = undecided
    outside = {made["outside"]["link"], made["outside_as_older_versions_tell_it"]["link"]}
    outside.add(f"{made['refunded_outside']['note']}:outside")
    (granted,) = ledger.held().keys() - outside
    assert outside <= ledger.held().keys()
    assert "accounts.granted_credit" in ledger.held()[granted]


def test_a_refund_outside_stripe_goes_where_the_company_says(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    ids = made["refunded_outside"]
    assert ledger.entry(f"{ids['note']}:outside") == {"1510": "1250.00", "1930": "-1250.00"}
    assert ledger.part(*ids.values())["1510"] == "0.00"


def test_money_before_the_invoice_date_owes_its_vat_when_received_and_once_only(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    ids = made["before_its_date"]
    payment = ids["payment"]
    assert ledger.together(payment, f"{payment}:vat") == {"1686": "1250.00", "2420": "-1000.00", "2611": "-250.00"}
    assert ledger.day(f"{payment}:vat") == date(2026, 3, 3)
    settled = (f"{payment}:settled", f"{payment}:vat_settled")
    assert ledger.together(*settled) == {"1510": "-1250.00", "2420": "1000.00", "2611": "250.00"}
    assert {ledger.day(entry) for entry in settled} == {date(2026, 3, 20)}
    booked = ledger.part(ids["invoice"])
    assert (booked["2420"], booked["2611"]) == ("0.00", "-250.00")


def test_an_advance_in_two_parts_and_two_rates_owes_all_its_vat(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    invoice = made["before_its_date_in_parts"]["invoice"]
    due = dict(
        ledger.rows(
            "SELECT l.account, sum(l.debit - l.credit)::VARCHAR FROM ledger.lines l JOIN ledger.entries e "
            "USING (entry_id) WHERE e.sale_id = ? AND l.entry_id LIKE '%:vat' AND l.account LIKE '26%' GROUP BY 1",
            invoice,
        )
    )
    booked = ledger.part(invoice)
    assert due == {account: amount for account, amount in booked.items() if account.startswith("26")}
    assert due.keys() == {"2611", "2631"}
    assert booked["2420"] == "0.00"


def test_a_credit_balance_given_by_hand_is_a_discount_on_its_account(decided: tuple[Book, Made]) -> None:
    ledger, made = decided
    assert ledger.accounts()["3730"] == "100.00"
    assert ledger.part(made["given_by_hand"]["invoice"])["1510"] == "0.00"


@pytest.fixture(scope="module")
def unlinked(undecided: tuple[Book, Made], tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Stripe calls invoices paid and names no payment of them."""
    ledger, made = undecided
    told = [made["outside"]["invoice"], made["outside_as_older_versions_tell_it"]["invoice"]]
    return ledger.under(
        tmp_path_factory.mktemp("under") / "unlinked",
        change=f"DELETE FROM stripe.invoice_payments WHERE list_contains({told!r}, invoice)",
        accounts=ACCOUNTS,
    )


@pytest.mark.parametrize(
    "story",
    ["outside", "outside_as_older_versions_tell_it"],
    ids=["Stripe tells how much", "an older version tells nothing"],
)
def test_an_invoice_called_paid_without_any_payment_was_paid_outside(
    decided: tuple[Book, Made], unlinked: Book, story: str
) -> None:
    ledger, made = decided
    invoice, link = made[story]["invoice"], made[story]["link"]
    settled = "SELECT s.entry_id FROM ledger.settlements s JOIN ledger.entries e USING (entry_id) WHERE e.sale_id = ?"
    assert ledger.rows(settled, invoice) == [(link,)]
    entry = f"{invoice}:paid_outside"
    assert unlinked.entry(entry) == {"1510": "-1250.00", "1930": "1250.00"}
    assert unlinked.day(entry) == date(2026, 3, 9)
    assert unlinked.rows(settled, invoice) == [(entry,)]
    assert open_receivables(unlinked) == {}
