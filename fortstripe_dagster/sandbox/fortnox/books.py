"""The books of one company in the stand-in: everything it holds, and what may be done to it. No HTTP here.

`Books` is what the server serves and what tests read. Methods take fields that `schema.checked` has converted
and raise `Refusal` where Fortnox would answer with an error.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from fortstripe_dagster.sandbox.fortnox import refusals, registers
from fortstripe_dagster.sandbox.fortnox.chart import PREDEFINED_ACCOUNTS
from fortstripe_dagster.sandbox.fortnox.company import Company, FinancialYear, now_in_stockholm
from fortstripe_dagster.sandbox.fortnox.customers import Customers, account_number
from fortstripe_dagster.sandbox.fortnox.files import Files
from fortstripe_dagster.sandbox.fortnox.invoice_rows import RowRules
from fortstripe_dagster.sandbox.fortnox.invoices import Invoice, Invoices
from fortstripe_dagster.sandbox.fortnox.ledger import BalanceLine, Ledger, Voucher, VoucherRow
from fortstripe_dagster.sandbox.fortnox.payments import Payments, check_two_decimals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.registers import Record, Register, merge
from fortstripe_dagster.sandbox.fortnox.schema import Fields

ZERO = Decimal(0)


class Books:
    """One company's books. `clock` gives Swedish local time and decides default dates and what `lastmodified` finds."""

    def __init__(self, company: Company | None = None, *, clock: Callable[[], datetime] = now_in_stockholm) -> None:
        self.company = company or Company()
        self.clock = clock
        self.ledger = Ledger(self.company, clock)
        self.currencies = registers.currencies(self.company, clock)
        self.modes_of_payment = registers.modes_of_payment(self.company, clock)
        self.terms_of_payment = registers.terms_of_payment(clock)
        self.cost_centers = Register("Code", clock)
        self.projects = Register("ProjectNumber", clock, missing=refusals.PROJECT_NOT_FOUND, numbered=True)
        self.articles = Register("ArticleNumber", clock, missing=refusals.ARTICLE_NOT_FOUND, numbered=True)
        self.warehouse: dict[tuple[str, str, str], Fields] = {}
        self.predefined_accounts = dict(PREDEFINED_ACCOUNTS)
        self.predefined_series = {
            "INVOICE": self.company.invoice_series,
            "INVOICEPAYMENT": self.company.payment_series,
            "MANUAL": "A",
        }
        self.customers = Customers(clock, self.ledger, self.currencies, self.terms_of_payment)
        rules = RowRules(
            self.company.vat_rates, self.ledger, self.articles, self.predefined_accounts, self.check_dimensions
        )
        self.invoices = Invoices(
            self.company,
            clock,
            self.ledger,
            self.customers,
            self.currencies,
            self.terms_of_payment,
            rules,
            self.predefined_accounts,
            self.predefined_series,
            self.check_dimensions,
        )
        self.payments = Payments(
            clock, self.ledger, self.invoices, self.modes_of_payment, self.predefined_accounts, self.predefined_series
        )
        self.files = Files()

    # Reading

    def general_ledger(self, to: date | None = None) -> dict[int, Decimal]:
        """Balance in kronor of every account that moved (debit positive), over all years, up to and including a day."""
        return self.ledger.general_ledger(to)

    def trial_balance(self, year: int) -> list[BalanceLine]:
        """Opening, debit, credit and closing of the accounts of one financial year (by its id)."""
        return self.ledger.trial_balance(year)

    def vouchers(self, year: int | None = None, series: str | None = None) -> list[Voucher]:
        """Vouchers with their rows, in order of year, series and number."""
        return self.ledger.vouchers(year, series)

    def open_receivables(self) -> list[Invoice]:
        """Booked invoices with a balance: the sub-ledger behind the account of customer claims (1510)."""
        return [invoice for invoice in list(self.invoices.all.values()) if invoice.booked and invoice.balance != 0]

    # What a person would do in Fortnox itself

    def lock(self, until: date | None) -> None:
        """Locks the period up to and including a day; None unlocks everything."""
        self.ledger.locked_until = until

    # Vouchers

    def create_voucher(self, fields: Fields, year: FinancialYear) -> Voucher:
        """Posts a manual voucher in the given year from checked fields."""
        fields = merge({}, fields)
        self.check_dimensions(fields)
        return self.ledger.post_manual(
            year,
            fields["VoucherSeries"],
            fields["TransactionDate"],
            fields["Description"],
            [self._voucher_row(merge({}, row)) for row in fields["VoucherRows"]],
            comments=fields.get("Comments", ""),
            cost_center=fields.get("CostCenter", ""),
            project=fields.get("Project", ""),
        )

    def _voucher_row(self, fields: Fields) -> VoucherRow:
        self.check_dimensions(fields)
        debit, credit = fields.get("Debit", ZERO), fields.get("Credit", ZERO)
        for amount in (debit, credit):
            check_two_decimals(amount)
        if debit < 0 or credit < 0 or (debit == 0) == (credit == 0):
            raise Refusal(refusals.INVALID_VALUE, f"konto {fields['Account']}: debet {debit}, kredit {credit}")
        return VoucherRow(
            fields["Account"],
            debit,
            credit,
            fields.get("Description", ""),
            fields.get("TransactionInformation", ""),
            fields.get("CostCenter", ""),
            fields.get("Project", ""),
            fields.get("Quantity"),
        )

    def check_dimensions(self, fields: Fields) -> None:
        """Refuses a cost centre or project that is not registered."""
        if fields.get("CostCenter") and fields["CostCenter"] not in self.cost_centers:
            raise Refusal(refusals.INVALID_VALUE, f"CostCenter: {fields['CostCenter']}")
        if fields.get("Project") and fields["Project"] not in self.projects:
            raise Refusal(refusals.INVALID_VALUE, f"Project: {fields['Project']}")

    # Registers with rules of their own

    def save_mode_of_payment(self, fields: Fields, code: str | None = None) -> Record:
        """Creates a mode of payment, or changes the one with the code; its account must exist."""
        if "AccountNumber" in fields:
            self.ledger.account(self.ledger.preselected_year().id, account_number(fields["AccountNumber"]))
        return self.modes_of_payment.create(fields) if code is None else self.modes_of_payment.update(code, fields)

    def save_article(self, fields: Fields, number: str | None = None) -> Record:
        """Creates an article, or changes the one with the number; a missing account blocks every change."""
        before = self.articles.get(number).fields if number is not None else {}
        for name, value in merge(before, fields).items():
            if name.endswith("Account") and value:
                self.ledger.account(self.ledger.preselected_year().id, value)
        return self.articles.create(fields) if number is None else self.articles.update(number, fields)

    def delete_customer(self, number: str) -> None:
        """Removes a customer without documents."""
        self.customers.get(number)
        if any(invoice.customer.key == number for invoice in self.invoices.all.values()):
            raise Refusal(refusals.IN_USE, number)
        self.customers.register.delete(number)

    def delete_article(self, number: str) -> None:
        """Removes an article that no document uses."""
        self.articles.get(number)
        if any(row.article_number == number for invoice in self.invoices.all.values() for row in invoice.rows):
            raise Refusal(refusals.IN_USE, number)
        self.articles.delete(number)

    def set_predefined_series(self, name: str, code: str) -> None:
        """Posts the documents of a kind in another series from now on."""
        if code not in self.ledger.series[self.ledger.preselected_year().id]:
            raise Refusal(refusals.INVALID_SERIES, code)
        self.predefined_series[name] = code

    def set_predefined_account(self, name: str, account: int) -> None:
        """Points a predefined account at another account."""
        if name not in self.predefined_accounts:
            raise Refusal(refusals.PREDEFINED_ACCOUNT_NOT_FOUND, status=404)
        known = self.ledger.accounts[self.ledger.preselected_year().id].get(account)
        if known is None or not known.active:
            raise Refusal(refusals.ACCOUNT_INVALID, account)
        self.predefined_accounts[name] = account
