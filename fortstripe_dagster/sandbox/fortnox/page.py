"""The page on `/`: what the company's books hold, for a person who has never seen Fortnox."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

from jinja2 import Environment, Template

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.chart import VAT_BOXES
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear
from fortstripe_dagster.sandbox.fortnox.invoices import Invoice
from fortstripe_dagster.sandbox.fortnox.ledger import BalanceLine

T = TypeVar("T")

_MOST_SHOWN = 2000
"""Rows of one table; a browser chokes on the vouchers of a whole busy year."""

_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Shown(Generic[T]):
    """The latest rows of a table, newest first, and how many there are in all."""

    rows: Sequence[T]
    total: int


@dataclass(frozen=True)
class _YearBalance:
    """The trial balance of a financial year with its column sums."""

    year: FinancialYear
    lines: list[BalanceLine]
    vat_boxes: dict[int, str]

    @property
    def opening(self) -> Decimal:
        return sum((line.opening for line in self.lines), _ZERO)

    @property
    def debit(self) -> Decimal:
        return sum((line.debit for line in self.lines), _ZERO)

    @property
    def credit(self) -> Decimal:
        return sum((line.credit for line in self.lines), _ZERO)

    @property
    def closing(self) -> Decimal:
        return sum((line.closing for line in self.lines), _ZERO)


def books_page(books: Books) -> str:
    """The page as HTML; every text in it is escaped."""
    invoices = sorted(books.invoices.all.values(), key=lambda invoice: invoice.number)
    years = sorted(books.ledger.years.values(), key=lambda year: year.from_date)
    used = [_year_balance(books, year) for year in years if _is_used(books, year)]
    receivables = books.open_receivables()
    return _template().render(
        company=books.company,
        locked_until=books.ledger.locked_until,
        balances=used,
        balanced=all(balance.debit == balance.credit for balance in used),
        customers=_latest(list(books.customers.register.records.values())),
        invoices=_latest(invoices),
        payments=len(books.payments.all),
        vouchers=_latest(sorted(books.vouchers(), key=lambda voucher: (voucher.day, voucher.posted_at))),
        accounts=books.ledger.accounts,
        open_count=len(receivables),
        open_sum=sum((invoice.balance * invoice.kronor_per_unit for invoice in receivables), _ZERO),
        state=invoice_state,
    )


def invoice_state(invoice: Invoice) -> str:
    """One word for where an invoice stands."""
    if invoice.cancelled:
        return "cancelled"
    if not invoice.booked:
        return "draft"
    return "paid" if invoice.balance == 0 else "open"


def money(amount: Decimal) -> str:
    """An amount for reading: thousands apart, two decimals, a real minus sign, nothing for zero."""
    if amount == 0:
        return ""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace("-", "−")


def _latest(rows: Sequence[T]) -> _Shown[T]:
    return _Shown(list(reversed(rows[-_MOST_SHOWN:])), len(rows))


def _is_used(books: Books, year: FinancialYear) -> bool:
    """Whether anything was entered in the year itself, beyond what is carried into it."""
    entered = any(account.opening for account in books.ledger.accounts[year.id].values())
    return entered or bool(books.vouchers(year.id))


def _year_balance(books: Books, year: FinancialYear) -> _YearBalance:
    accounts = books.ledger.accounts[year.id]
    boxes = {
        number: VAT_BOXES[account.vat_code] for number, account in accounts.items() if account.vat_code in VAT_BOXES
    }
    return _YearBalance(year, books.trial_balance(year.id), boxes)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["money"] = money
    return environment.from_string(files(__package__).joinpath("page.html").read_text("utf-8"))
