"""How an invoice is added up: VAT by rate, whole kronor, and a voucher that always balances."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fortstripe_dagster.sandbox.fortnox.company import VatRate
from fortstripe_dagster.sandbox.fortnox.invoice_sums import Charge, InvoiceRow, add_up, voucher_rows

D = Decimal
RATES = {
    25: VatRate(D(25), "MP1", 2611),
    12: VatRate(D(12), "MP2", 2621),
    6: VatRate(D(6), "MP3", 2631),
    0: VatRate(D(0), "MF", None),
}


def charges(*rows: tuple[str, int]) -> list[Charge]:
    return [Charge(3000 + percent, D(amount), RATES[percent]) for amount, percent in rows]


def test_a_sale_with_ore_is_rounded_to_whole_kronor() -> None:
    sums = add_up(charges(("175.00", 25)), vat_included=False, rounding="invoice", to_krona=True)
    assert (sums.net, sums.total_vat, sums.round_off, sums.total) == (D(175), D("43.75"), D("0.25"), D(219))
    rows = voucher_rows(sums, claim=1510, round_off=3740, factor=D(1))
    assert [(row.account, row.amount) for row in rows] == [
        (1510, D(219)),
        (3025, D(-175)),
        (2611, D("-43.75")),
        (3740, D("-0.25")),
    ]


def test_half_a_krona_is_rounded_up() -> None:
    assert add_up(charges(("0.50", 0)), vat_included=False, rounding="invoice", to_krona=True).total == 1


def test_vat_is_rounded_once_for_the_invoice_or_for_each_row() -> None:
    """Three rows of 33.33 at 25 %: 25.00 or 24.99."""
    three = charges(("33.33", 25), ("33.33", 25), ("33.33", 25))
    assert add_up(three, vat_included=False, rounding="invoice", to_krona=False).total_vat == D("25.00")
    assert add_up(three, vat_included=False, rounding="row", to_krona=False).total_vat == D("24.99")


def test_gross_prices_keep_their_sum() -> None:
    """99.90 at 6 % has no net with two decimals that leads back to it; with VAT included it stays 99.90."""
    sums = add_up(charges(("99.90", 6)), vat_included=True, rounding="invoice", to_krona=False)
    assert (sums.net, sums.total_vat, sums.total) == (D("94.25"), D("5.65"), D("99.90"))


@pytest.mark.parametrize(("kind", "discount", "total"), [("PERCENT", "10", "180.00"), ("AMOUNT", "10", "190.00")])
def test_a_discount_is_percent_or_kronor(kind: str, discount: str, total: str) -> None:
    row = InvoiceRow(1, 3001, RATES[25], D(2), D(100), D(discount), kind)  # type: ignore[arg-type]
    assert row.total == D(total)
    assert InvoiceRow(1, 3001, RATES[25], D(-2), D(100), D(discount), kind).total == -D(total)  # type: ignore[arg-type]


AMOUNTS = st.decimals(min_value=-50_000, max_value=50_000, places=2)
SOME_CHARGES = st.lists(
    st.tuples(AMOUNTS, st.sampled_from(sorted(RATES)), st.sampled_from([3001, 3002, 3990])), max_size=6
)


@given(
    SOME_CHARGES, st.booleans(), st.sampled_from(["invoice", "row"]), st.booleans(), st.sampled_from(["1", "11.2345"])
)
def test_every_voucher_balances_and_a_credit_mirrors_it(
    rows: list[tuple[Decimal, int, int]], included: bool, rounding: str, to_krona: bool, factor: str
) -> None:
    def summed(sign: int) -> tuple[Decimal, dict[int, Decimal]]:
        lines = [Charge(account, sign * amount, RATES[percent]) for amount, percent, account in rows]
        sums = add_up(lines, vat_included=included, rounding=rounding, to_krona=to_krona)  # type: ignore[arg-type]
        balances: dict[int, Decimal] = {}
        for row in voucher_rows(sums, claim=1510, round_off=3740, factor=D(factor)):
            assert row.debit >= 0 and row.credit >= 0
            balances[row.account] = balances.get(row.account, D(0)) + row.amount
        return sums.total, balances

    total, balances = summed(1)
    credited_total, credited = summed(-1)
    assert sum(balances.values()) == 0
    assert credited_total == -total
    assert credited == {account: -amount for account, amount in balances.items()}
    if included and not to_krona:
        assert total == sum((amount for amount, _, _ in rows), D(0))
