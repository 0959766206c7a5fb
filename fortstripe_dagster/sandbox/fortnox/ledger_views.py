"""How vouchers, accounts, series, financial years and files look in answers."""

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.chart import Account
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear, Series
from fortstripe_dagster.sandbox.fortnox.files import Connection, StoredFile
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher
from fortstripe_dagster.sandbox.fortnox.schema import Fields
from fortstripe_dagster.sandbox.fortnox.wire import document_url


class LedgerViews:
    """Renders what belongs to the general ledger of one company; `base` is the address of the API, ending in /3."""

    def __init__(self, books: Books, base: str) -> None:
        self._books = books
        self._base = base

    def voucher_item(self, voucher: Voucher) -> Fields:
        """A voucher in a list: without rows."""
        return {
            "@url": document_url(self._base, "vouchers", voucher.series, voucher.number)
            + f"?financialyear={voucher.year}",
            "ApprovalState": 0,
            "Comments": voucher.comments,
            "Description": voucher.description,
            "ReferenceNumber": voucher.reference_number,
            "ReferenceType": voucher.reference_type,
            "TransactionDate": voucher.day,
            "VoucherNumber": voucher.number,
            "VoucherSeries": voucher.series,
            "Year": voucher.year,
        }

    def voucher(self, voucher: Voucher) -> Fields:
        """A single voucher with its rows; a row without a text of its own shows the account's."""
        accounts = self._books.ledger.accounts[voucher.year]
        return self.voucher_item(voucher) | {
            "CostCenter": voucher.cost_center,
            "Project": voucher.project,
            "VoucherRows": [
                {
                    "Account": row.account,
                    "CostCenter": row.cost_center,
                    "Credit": row.credit,
                    "Debit": row.debit,
                    "Description": row.description or accounts[row.account].description,
                    "Project": row.project,
                    "Quantity": row.quantity or 0,
                    "Removed": False,
                    "TransactionInformation": row.transaction_information,
                }
                for row in voucher.rows
            ],
        }

    def account_item(self, account: Account, year: int) -> Fields:
        """An account in a list."""
        return {
            "@url": document_url(self._base, "accounts", account.number),
            "Active": account.active,
            "BalanceBroughtForward": account.opening,
            "CostCenter": account.cost_center or None,
            "CostCenterSettings": account.cost_center_settings,
            "Description": account.description,
            "Number": account.number,
            "Project": account.project,
            "ProjectSettings": account.project_settings,
            "SRU": account.sru,
            "VATCode": account.vat_code or None,
            "Year": year,
        }

    def account(self, account: Account, year: int) -> Fields:
        """A single account with its balances."""
        lines = {line.account: line for line in self._books.trial_balance(year)}
        line = lines.get(account.number)
        return self.account_item(account, year) | {
            "BalanceBroughtForward": line.opening if line else account.opening,
            "BalanceCarriedForward": line.closing if line else account.opening,
            "OpeningQuantities": [],
            "QuantitySettings": "ALLOWED",
            "QuantityUnit": "",
            "TransactionInformation": account.transaction_information,
            "TransactionInformationSettings": account.transaction_information_settings,
        }

    def series_item(self, series: Series, year: int) -> Fields:
        """A voucher series in a list."""
        return {
            "@url": document_url(self._base, "voucherseries", series.code),
            "Code": series.code,
            "Description": series.description,
            "Manual": series.manual,
            "Year": year,
            "Approver": None,
        }

    def series(self, series: Series, year: int) -> Fields:
        """A single voucher series, which tells the number its next voucher will get."""
        return self.series_item(series, year) | {"NextVoucherNumber": self._books.ledger.next_number(year, series.code)}

    def year(self, year: FinancialYear) -> Fields:
        """A financial year."""
        return {
            "@url": document_url(self._base, "financialyears", year.id),
            "Id": year.id,
            "FromDate": year.from_date,
            "ToDate": year.to_date,
            "AccountChartType": year.account_chart_type,
            "AccountingMethod": year.accounting_method,
        }

    def file(self, file: StoredFile) -> Fields:
        """An uploaded file, without its content."""
        return {
            "@url": document_url(self._base, "inbox", file.id),
            "ArchiveFileId": file.archive_id,
            "Comments": None,
            "Id": file.id,
            "Name": file.name,
            "Path": file.folder,
            "Size": len(file.content),
        }

    def connection(self, connection: Connection) -> Fields:
        """A file's connection to a voucher."""
        voucher = self._books.ledger.voucher(connection.year, connection.series, connection.number)
        return {
            "@url": document_url(self._base, "voucherfileconnections", connection.file_id),
            "FileId": connection.file_id,
            "VoucherDescription": voucher.description if voucher else "",
            "VoucherNumber": str(connection.number),
            "VoucherSeries": connection.series,
            "VoucherYear": connection.year,
        }
