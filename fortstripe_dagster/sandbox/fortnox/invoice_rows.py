"""Invoice rows: which VAT rate and which sales account a row gets, from what was sent, the article and the customer.

A customer with reverse charge or outside the EU is never charged Swedish VAT, whatever the row says.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import VatRate
from fortstripe_dagster.sandbox.fortnox.invoice_sums import ZERO, Charge, InvoiceRow, round2
from fortstripe_dagster.sandbox.fortnox.ledger import Ledger
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.registers import Record, Register, merge
from fortstripe_dagster.sandbox.fortnox.schema import Fields

_UNTAXED = ("SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT")
_ARTICLE_ACCOUNTS = {
    "SEVAT": "SalesAccount",
    "SEREVERSEDVAT": "ConstructionAccount",
    "EUREVERSEDVAT": "EUAccount",
    "EUVAT": "EUVATAccount",
    "EXPORT": "ExportAccount",
}
_PREDEFINED = {
    "SEREVERSEDVAT": "SALESCONSTR2",
    "EUREVERSEDVAT": "SALESEUREV",
    "EUVAT": "SALESEUVAT",
    "EXPORT": "SALESEXPORT",
}
_PREDEFINED_SE = {"MP1": "SALES_25_SE", "MP2": "SALES_12_SE", "MP3": "SALES_6_SE", "MF": "SALES_0_SE"}


class RowRules:
    """Makes rows and charges of what a client sent, for one company."""

    def __init__(
        self,
        rates: tuple[VatRate, ...],
        ledger: Ledger,
        articles: Register,
        predefined: dict[str, int],
        check_dimensions: Callable[[Fields], None],
    ) -> None:
        self._rates = rates
        self._ledger = ledger
        self._articles = articles
        self._predefined = predefined
        self._check_dimensions = check_dimensions

    def row(self, row_id: int, sent: Fields, customer: Record, day: date) -> InvoiceRow:
        """One row of an invoice dated `day`; a missing DeliveredQuantity is 0, and so is the row's total then."""
        if sent.get("HouseWork"):
            raise Refusal(refusals.NOT_MODELLED, "HouseWork")
        self._check_dimensions(sent)
        article = self._article(sent)
        service = article is not None and article["Type"] == "SERVICE"
        vat_type = customer["VATType"] or "SEVAT"
        year = (self._ledger.year_of(day) or self._ledger.preselected_year()).id
        vat = self._vat(sent, article, vat_type, year)
        account = sent.get("AccountNumber") or self._account(article, customer, vat_type, vat, service)
        self._ledger.account(year, account)
        return InvoiceRow(
            row_id=row_id,
            account=account,
            vat=vat,
            quantity=round2(sent.get("DeliveredQuantity", ZERO)),
            price=round2(sent.get("Price", ZERO)),
            discount=sent.get("Discount", ZERO),
            discount_type=sent.get("DiscountType", "PERCENT"),
            description=sent.get("Description") or (article["Description"] if article else ""),
            article_number=sent.get("ArticleNumber", ""),
            unit=sent.get("Unit") or (article["Unit"] if article and article["Unit"] else ""),
            cost_center=sent.get("CostCenter", ""),
            project=sent.get("Project", ""),
            sent=sent,
        )

    def fee(self, predefined: str, amount: Decimal, customer: Record) -> Charge:
        """The freight or the administration fee as a charge on its predefined account."""
        vat = self._zero() if customer["VATType"] in _UNTAXED else self._rates[0]
        return Charge(self._predefined[predefined], round2(amount), vat)

    def _article(self, sent: Fields) -> Record | None:
        number = sent.get("ArticleNumber")
        if number is None:
            return None
        if number not in self._articles:
            raise Refusal(refusals.NO_SUCH_ARTICLE, number)
        return self._articles.get(number)

    def _zero(self) -> VatRate:
        return next(rate for rate in self._rates if rate.percent == 0)

    def _vat(self, sent: Fields, article: Record | None, vat_type: str, year: int) -> VatRate:
        if "VATCode" in sent:
            wanted = next((rate for rate in self._rates if rate.code == sent["VATCode"]), None)
        elif "VAT" in sent:
            wanted = next((rate for rate in self._rates if rate.percent == sent["VAT"]), None)
        else:
            account = sent.get("AccountNumber") or (article and article[_ARTICLE_ACCOUNTS[vat_type]])
            wanted = self._vat_of_account(year, account) if account else self._rates[0]
        if wanted is None:
            raise Refusal(refusals.INVALID_VAT_RATE, sent.get("VATCode", sent.get("VAT", "")))
        return self._zero() if vat_type in _UNTAXED else wanted

    def _vat_of_account(self, year: int, number: int) -> VatRate:
        code = self._ledger.account(year, number).vat_code
        return next((rate for rate in self._rates if rate.code == code), self._zero())

    def _account(self, article: Record | None, customer: Record, vat_type: str, vat: VatRate, service: bool) -> int:
        if article is not None and article[_ARTICLE_ACCOUNTS[vat_type]]:
            return int(article[_ARTICLE_ACCOUNTS[vat_type]])
        if customer["SalesAccount"]:
            return int(customer["SalesAccount"])
        name = _PREDEFINED.get(vat_type) or _PREDEFINED_SE.get(vat.code, "")
        number = self._predefined.get(name + "2" if service and not name.endswith("2") else name)
        if number is None:
            raise Refusal(refusals.NO_SUCH_ACCOUNT, f"förvalt konto {name or vat.code}")
        return number


def changed_rows(rows: list[InvoiceRow], sent: list[Fields]) -> list[Fields]:
    """What each row holds after a PUT of rows.

    Without RowId, rows are matched by their order and those not sent again disappear. With RowId on any row, a row that
    has one changes that row, a row without is new, and rows not named disappear.
    """
    if not any("RowId" in row for row in sent):
        before: list[Fields] = [row.sent for row in rows]
        return [merge(before[i] if i < len(before) else {}, row) for i, row in enumerate(sent)]
    by_id = {row.row_id: row.sent for row in rows}
    result: list[Fields] = []
    for row in sent:
        changes: dict[str, Any] = {name: value for name, value in row.items() if name != "RowId"}
        if "RowId" not in row:
            result.append(merge({}, changes))
        elif row["RowId"] in by_id:
            result.append(merge(by_id[row["RowId"]], changes))
        else:
            raise Refusal(refusals.INVALID_VALUE, f"RowId: {row['RowId']}")
    return result
