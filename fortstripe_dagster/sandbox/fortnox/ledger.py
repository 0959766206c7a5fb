"""The general ledger: financial years, their accounts and series, the vouchers in them, and balances read from those.

A voucher is final once posted: nothing here changes or removes one. All amounts are kronor as Decimal.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.chart import Account, standard_chart
from fortstripe_dagster.sandbox.fortnox.company import Company, FinancialYear, Series
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal

ZERO = Decimal(0)


@dataclass(frozen=True)
class VoucherRow:
    """One row of a voucher: an amount in debit or in credit on an account."""

    account: int
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    description: str = ""
    transaction_information: str = ""
    cost_center: str = ""
    project: str = ""
    quantity: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        """Debit minus credit."""
        return self.debit - self.credit


@dataclass(frozen=True)
class Voucher:
    """A posted voucher (verifikation), known by its year's id, series and number."""

    year: int
    series: str
    number: int
    day: date
    description: str
    rows: tuple[VoucherRow, ...]
    posted_at: datetime
    comments: str = ""
    reference_type: str = "MANUAL"
    reference_number: str = ""
    cost_center: str = ""
    project: str = ""


@dataclass(frozen=True)
class BalanceLine:
    """One account of a trial balance: opening and closing are debit positive."""

    account: int
    description: str
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def closing(self) -> Decimal:
        """Opening plus debit minus credit."""
        return self.opening + self.debit - self.credit


def signed_row(
    account: int, amount: Decimal, *, cost_center: str = "", project: str = "", transaction_information: str = ""
) -> VoucherRow:
    """A row with `amount` in debit, or in credit when it is negative."""
    debit, credit = max(amount, ZERO), max(-amount, ZERO)
    return VoucherRow(account, debit, credit, "", transaction_information, cost_center, project)


class Ledger:
    """The books proper. `locked_until` is the last day of the locked period, None when nothing is locked."""

    def __init__(self, company: Company, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._preselected = company.preselected_year
        self.locked_until = company.locked_until
        self.years: dict[int, FinancialYear] = {year.id: year for year in company.years}
        self.accounts: dict[int, dict[int, Account]] = {year: standard_chart() for year in self.years}
        self.series: dict[int, dict[str, Series]] = {
            year: {series.code: replace(series) for series in company.series} for year in self.years
        }
        self._vouchers: dict[int, dict[str, list[Voucher]]] = {year: defaultdict(list) for year in self.years}

    # Years, accounts, series

    def add_year(self, year: FinancialYear) -> None:
        """Opens a financial year with the accounts and series of the latest one."""
        latest = max(self.years.values(), key=lambda each: each.to_date)
        self.years[year.id] = year
        self.accounts[year.id] = {n: replace(a, opening=ZERO) for n, a in self.accounts[latest.id].items()}
        self.series[year.id] = {code: replace(series) for code, series in self.series[latest.id].items()}
        self._vouchers[year.id] = defaultdict(list)

    def year_of(self, day: date) -> FinancialYear | None:
        """The financial year that holds the day, if there is one."""
        return next((year for year in self.years.values() if year.holds(day)), None)

    def required_year_of(self, day: date) -> FinancialYear:
        """The financial year that holds the day; refuses a day outside all of them."""
        year = self.year_of(day)
        if year is None:
            raise Refusal(refusals.NO_FINANCIAL_YEAR, day)
        return year

    def preselected_year(self) -> FinancialYear:
        """The year a request falls into when it names none."""
        if self._preselected is not None:
            return self.years[self._preselected]
        return self.year_of(self._clock().date()) or max(self.years.values(), key=lambda each: each.to_date)

    def account(self, year: int, number: int) -> Account:
        """An account of a year that may be posted to; refuses a missing or inactive one."""
        account = self.accounts[year].get(number)
        if account is None:
            raise Refusal(refusals.NO_SUCH_ACCOUNT, number)
        if not account.active:
            raise Refusal(refusals.ACCOUNT_INACTIVE, number)
        return account

    def check_open(self, day: date) -> None:
        """Refuses a day in the locked period."""
        if self.locked_until is not None and day <= self.locked_until:
            raise Refusal(refusals.PERIOD_LOCKED, f"{self.locked_until}. Lås upp perioden för att fortsätta.")

    def next_number(self, year: int, series: str) -> int:
        """The number the next voucher of a series will get."""
        return len(self._vouchers[year][series]) + 1

    # Posting

    def post_manual(
        self,
        year: FinancialYear,
        series: str,
        day: date,
        description: str,
        rows: Sequence[VoucherRow],
        *,
        comments: str = "",
        cost_center: str = "",
        project: str = "",
    ) -> Voucher:
        """Posts a voucher that a client made, into a series that must be manual."""
        known = self.series[year.id].get(series)
        if known is None:
            raise Refusal(refusals.INVALID_SERIES, series)
        if not known.manual:
            raise Refusal(refusals.SERIES_NOT_MANUAL, series)
        if not year.holds(day):
            raise Refusal(refusals.OUTSIDE_FINANCIAL_YEAR, day)
        return self._post(
            Voucher(
                year.id,
                series,
                self.next_number(year.id, series),
                day,
                description,
                tuple(rows),
                self._clock(),
                comments,
                "MANUAL",
                "",
                cost_center,
                project,
            )
        )

    def post_document(
        self,
        series: str,
        day: date,
        description: str,
        rows: Sequence[VoucherRow],
        *,
        reference_type: str,
        reference_number: str,
    ) -> Voucher:
        """Posts the voucher of an invoice or a payment, in the year of its day."""
        year = self.required_year_of(day)
        return self._post(
            Voucher(
                year.id,
                series,
                self.next_number(year.id, series),
                day,
                description,
                tuple(rows),
                self._clock(),
                "",
                reference_type,
                reference_number,
            )
        )

    def _post(self, voucher: Voucher) -> Voucher:
        self.check_open(voucher.day)
        if sum((row.amount for row in voucher.rows), ZERO) != 0:
            raise Refusal(refusals.UNBALANCED, voucher.description)
        for row in voucher.rows:
            self._check_dimensions(voucher, row, self.account(voucher.year, row.account))
        self._vouchers[voucher.year][voucher.series].append(voucher)
        return voucher

    @staticmethod
    def _check_dimensions(voucher: Voucher, row: VoucherRow, account: Account) -> None:
        for setting, value in (
            (account.cost_center_settings, row.cost_center or voucher.cost_center),
            (account.project_settings, row.project or voucher.project),
            (account.transaction_information_settings, row.transaction_information),
        ):
            if (setting == "MANDATORY" and not value) or (setting == "NOTALLOWED" and value):
                raise Refusal(refusals.DIMENSION_RULE, account.number)

    # Reading

    def vouchers(self, year: int | None = None, series: str | None = None) -> list[Voucher]:
        """Posted vouchers, by year, series and number; of all years or series when none is named."""
        return [
            voucher
            for year_id in sorted(self.years)
            if year in (None, year_id)
            for code in sorted(self._vouchers[year_id])
            if series in (None, code)
            for voucher in list(self._vouchers[year_id][code])
        ]

    def voucher(self, year: int, series: str, number: int) -> Voucher | None:
        """One voucher, or None."""
        posted = self._vouchers[year].get(series, [])
        return posted[number - 1] if 1 <= number <= len(posted) else None

    def general_ledger(self, to: date | None = None) -> dict[int, Decimal]:
        """Balance of every account that moved (debit positive): entered openings plus all vouchers to the day."""
        balances: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for year in self.years.values():
            if to is None or year.from_date <= to:
                for account in list(self.accounts[year.id].values()):
                    if account.opening:
                        balances[account.number] += account.opening
        for row in _rows(voucher for voucher in self.vouchers() if to is None or voucher.day <= to):
            balances[row.account] += row.amount
        return dict(sorted(balances.items()))

    def trial_balance(self, year: int) -> list[BalanceLine]:
        """Opening, debit, credit and closing of each account that has any, in one financial year."""
        openings = self._openings(year)
        debit: dict[int, Decimal] = defaultdict(lambda: ZERO)
        credit: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for row in _rows(self.vouchers(year)):
            debit[row.account] += row.debit
            credit[row.account] += row.credit
        return [
            BalanceLine(n, self.accounts[year][n].description, openings.get(n, ZERO), debit[n], credit[n])
            for n in sorted({*openings, *debit})
        ]

    def _openings(self, year: int) -> dict[int, Decimal]:
        """What was entered, plus the balance sheet (accounts 1 and 2) carried forward from the year before."""
        openings = {n: a.opening for n, a in self.accounts[year].items() if a.opening}
        start = self.years[year].from_date
        before = [each for each in self.years.values() if each.to_date < start]
        if before:
            for line in self.trial_balance(max(before, key=lambda each: each.to_date).id):
                if line.account < 3000 and line.closing:
                    openings[line.account] = openings.get(line.account, ZERO) + line.closing
        return openings


def _rows(vouchers: Iterable[Voucher]) -> Iterator[VoucherRow]:
    return (row for voucher in vouchers for row in voucher.rows)
