"""Packaging changed in mid-year: what was sent stays as it was, and what follows it goes where it went."""

from __future__ import annotations

from datetime import date

import pytest

from fortstripe_dagster_tests.delivery.house import House

DAYS = [date(2026, 3, day) for day in (2, 9, 16, 23)]
INVOICED = {
    "daily_voucher": set[str](),
    "auto": {"in"},
    "invoice": {"in", "ch"},
}
"""What is an invoice under each packaging, of a Stripe invoice and a charge of a consumer."""


def sells(home: House, number: int, day: date) -> None:
    for kind, gross in (("in", 12500), ("ch", 25000)):
        home.sale(f"{kind}_{number}", gross, day=day)
        home.payment(f"txn_{kind}_{number}", f"{kind}_{number}", gross, day=day)


def refunds(home: House, number: int, day: date) -> None:
    for kind in ("in", "ch"):
        home.credit(f"re_{kind}_{number}", f"{kind}_{number}", 5000, day=day)
        home.refund(f"txn_re_{kind}_{number}", f"{kind}_{number}", f"re_{kind}_{number}", 5000, day=day)


@pytest.mark.parametrize(
    "order",
    [("daily_voucher", "auto", "invoice"), ("auto", "invoice", "daily_voucher"), ("invoice", "daily_voucher", "auto")],
    ids=" ".join,
)
def test_each_sale_keeps_the_packaging_under_which_it_went(home: House, order: tuple[str, ...]) -> None:
    invoices: set[str] = set()
    for number, (sales, day, later) in enumerate(zip(order, DAYS, DAYS[1:], strict=False)):
        sells(home, number, day)
        assert home.deliver(sales=sales).exit_code == 0
        refunds(home, number, later)  # it is known after the change
        invoices |= {f"{kind}_{number}" for kind in INVOICED[sales]}
    report = home.deliver(sales=order[-1])
    assert report.exit_code == 0, report.text()
    made = {str(invoice.header["ExternalInvoiceReference1"]) for invoice in home.books.invoices.all.values()}
    assert made == invoices | {f"re_{sale}" for sale in invoices}
    assert all(invoice.balance == 0 for invoice in home.books.invoices.all.values())
    assert home.accounts() == {"1686": "825.00", "2611": "-165.00", "3001": "-660.00"}
    assert home.deliver(sales=order[0]).nothing_to_do, "a change alone sends nothing"
