"""How customers, invoices and payments look in answers: with the fields and types of recorded real answers.

Several numbers are strings ("false", "0", "10.00"), and what is empty is sometimes null and sometimes "": such is
Fortnox.
"""

from decimal import Decimal
from typing import Any

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.countries import country_name
from fortstripe_dagster.sandbox.fortnox.invoice_sums import InvoiceRow, excluding_vat, vat_of
from fortstripe_dagster.sandbox.fortnox.invoices import Invoice
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher
from fortstripe_dagster.sandbox.fortnox.payments import Payment
from fortstripe_dagster.sandbox.fortnox.registers import Record
from fortstripe_dagster.sandbox.fortnox.schema import Fields
from fortstripe_dagster.sandbox.fortnox.wire import document_url

_NULL_ON_CUSTOMERS = (
    "Address1 Address2 City Country Comments CostCenter CountryCode DeliveryAddress1 DeliveryAddress2 DeliveryCity "
    "DeliveryCountry DeliveryCountryCode DeliveryFax DeliveryName DeliveryPhone1 DeliveryPhone2 DeliveryZipCode "
    "ExternalReference Fax GLN GLNDelivery InvoiceAdministrationFee InvoiceDiscount InvoiceFreight Phone1 Phone2 "
    "SalesAccount VisitingAddress VisitingCity VisitingCountry VisitingCountryCode VisitingZipCode ZipCode"
).split()
_EMPTY_ON_CUSTOMERS = (
    "Email EmailInvoice EmailInvoiceBCC EmailInvoiceCC EmailOffer EmailOfferBCC EmailOfferCC EmailOrder EmailOrderBCC "
    "EmailOrderCC InvoiceRemark OrganisationNumber OurReference Project TermsOfDelivery TermsOfPayment VATNumber "
    "WayOfDelivery WWW YourReference"
).split()
_EMPTY_ON_INVOICES = (
    "Address1 Address2 City Comments Country CostCenter DeliveryAddress1 DeliveryAddress2 DeliveryCity DeliveryCountry "
    "DeliveryName DeliveryZipCode ExternalInvoiceReference1 ExternalInvoiceReference2 OurReference PaymentWay Phone1 "
    "Phone2 Project Remarks TermsOfDelivery WayOfDelivery YourOrderNumber YourReference ZipCode"
).split()


class DocumentViews:
    """Renders customers, invoices and payments of one company; `base` is the address of the API, ending in /3."""

    def __init__(self, books: Books, base: str) -> None:
        self._books = books
        self._base = base

    def record(self, path: str, record: Record, **defaults: object) -> Fields:
        """A record of a plain register: its defaults, its fields and its @url."""
        return {"@url": document_url(self._base, path, record.key), **defaults, **record.fields}

    # Customers

    def customer(self, customer: Record) -> Fields:
        """A single customer."""
        fields: Fields = dict.fromkeys(_NULL_ON_CUSTOMERS) | dict.fromkeys(_EMPTY_ON_CUSTOMERS, "")
        fields |= {
            "@url": document_url(self._base, "customers", customer.key),
            "Active": True,
            "Currency": "SEK",
            "PriceList": "A",
            "ShowPriceVATIncluded": False,
            "Type": "COMPANY",
            "VATType": "SEVAT",
        }
        fields |= customer.fields
        fields["DefaultDeliveryTypes"] = {kind: "PRINT" for kind in ("Invoice", "Order", "Offer")} | fields.get(
            "DefaultDeliveryTypes", {}
        )
        fields["DefaultTemplates"] = {
            kind: "DEFAULTTEMPLATE" for kind in ("Order", "Offer", "Invoice", "CashInvoice")
        } | fields.get("DefaultTemplates", {})
        for name in ("Country", "DeliveryCountry", "VisitingCountry"):
            fields[name] = country_name(fields[f"{name}Code"]) if fields[f"{name}Code"] else None
        return fields

    def customer_item(self, customer: Record) -> Fields:
        """A customer in a list, where what is empty is ""."""
        names = ("Address1", "Address2", "City", "CustomerNumber", "Email", "Name", "OrganisationNumber")
        item: Fields = {name: customer[name] or "" for name in names}
        return {
            "@url": document_url(self._base, "customers", customer.key),
            **item,
            "Phone": customer["Phone1"] or "",
            "ZipCode": customer["ZipCode"] or "",
        }

    # Invoices

    def invoice(self, invoice: Invoice) -> Fields:
        """A single invoice with its rows."""
        header, sums = invoice.header, invoice.sums
        included = bool(header["VATIncluded"])
        fee_vat = {charge.account: vat_of(charge.amount, charge.vat, included) for charge in invoice.fees}
        rows_net = sum((excluding_vat(row.total, row.vat, included) for row in invoice.rows), Decimal(0))
        reference = invoice.credit_of or invoice.credited_by or 0
        fields: Fields = dict.fromkeys(_EMPTY_ON_INVOICES, "")
        fields |= {
            "DeliveryDate": None,
            "EUQuarterlyReport": False,
            "NotCompleted": False,
            "PriceList": "A",
            "PrintTemplate": "st",
            "TaxReductionType": "none",
            "OutboundDate": invoice.day,
            "Labels": [],
        }
        fields |= {name: value for name, value in header.items() if name not in ("EDIInformation", "EmailInformation")}
        fields |= {
            "@url": document_url(self._base, "invoices", invoice.number),
            "@urlTaxReductionList": f"{self._base}/taxreductions?filter=invoices&referencenumber={invoice.number}",
            "AccountingMethod": self._accounting_method(invoice),
            "AdministrationFeeVAT": fee_vat.get(self._books.predefined_accounts["ADMFEE"], 0),
            "Balance": invoice.balance,
            "BasisTaxReduction": 0,
            "Booked": invoice.booked,
            "Cancelled": invoice.cancelled,
            "ContractReference": 0,
            "ContributionPercent": self._contribution(0),
            "ContributionValue": self._contribution(0),
            "Credit": "true" if invoice.is_credit else "false",
            "CreditInvoiceReference": str(reference),
            "DocumentNumber": str(invoice.number),
            "EDIInformation": self._edi(header),
            "EmailInformation": self._email(header, invoice.customer),
            "FinalPayDate": invoice.final_pay_date,
            "FreightVAT": fee_vat.get(self._books.predefined_accounts["FREIGHT"], 0),
            "Gross": rows_net,
            "HouseWork": False,
            "InvoicePeriodStart": "",
            "InvoicePeriodEnd": "",
            "InvoiceReference": "0",
            "InvoiceRows": [self._invoice_row(row, included) for row in invoice.rows],
            "LastRemindDate": None,
            "Net": rows_net,
            "NoxFinans": False,
            "OCR": str(header["OCR"]),
            "OfferReference": "0",
            "OrderReference": "0",
            "OrganisationNumber": invoice.customer["OrganisationNumber"] or "",
            "Reminders": invoice.reminders,
            "RoundOff": sums.round_off,
            "Sent": invoice.sent,
            "TaxReduction": None,
            "TimeBasisReference": None,
            "Total": sums.total,
            "TotalToPay": sums.total,
            "TotalVAT": sums.total_vat,
            "WarehouseReady": invoice.ready,
            **_voucher_reference(invoice.voucher),
        }
        return fields

    def invoice_item(self, invoice: Invoice) -> Fields:
        """An invoice in a list: no rows, no VAT, not even whether it is a credit; CurrencyRate is a string."""
        header = invoice.header
        return {
            "@url": document_url(self._base, "invoices", invoice.number),
            "Balance": invoice.balance,
            "Booked": invoice.booked,
            "Cancelled": invoice.cancelled,
            "CostCenter": header.get("CostCenter", ""),
            "Currency": invoice.currency,
            "CurrencyRate": str(header["CurrencyRate"]),
            "CurrencyUnit": header["CurrencyUnit"],
            "CustomerName": header["CustomerName"],
            "CustomerNumber": invoice.customer.key,
            "DocumentNumber": str(invoice.number),
            "DueDate": header["DueDate"],
            "ExternalInvoiceReference1": header.get("ExternalInvoiceReference1", ""),
            "ExternalInvoiceReference2": header.get("ExternalInvoiceReference2", ""),
            "InvoiceDate": invoice.day,
            "InvoiceType": header["InvoiceType"],
            "NoxFinans": False,
            "OCR": str(header["OCR"]),
            **_voucher_reference(invoice.voucher),
            "WayOfDelivery": header.get("WayOfDelivery", ""),
            "TermsOfPayment": header["TermsOfPayment"],
            "Project": header.get("Project", ""),
            "Sent": invoice.sent,
            "Total": invoice.sums.total,
            "FinalPayDate": invoice.final_pay_date,
        }

    def _accounting_method(self, invoice: Invoice) -> str:
        year = self._books.ledger.year_of(invoice.day) or self._books.ledger.preselected_year()
        return year.accounting_method

    def _contribution(self, amount: object) -> object:
        """A contribution, or the magic text that stands in number fields the company has no licence for."""
        return amount if self._books.company.sees_contribution else "API_NORIGHT"

    def _invoice_row(self, row: InvoiceRow, included: bool) -> Fields:
        return {
            "AccountNumber": row.account,
            "ArticleNumber": row.article_number,
            "ContributionPercent": self._contribution("0"),
            "ContributionValue": self._contribution("0"),
            "Cost": 0,
            "CostCenter": row.cost_center,
            "DeliveredQuantity": f"{row.quantity:.2f}" if row.quantity else "0",
            "Description": row.description,
            "Discount": row.discount,
            "DiscountType": row.discount_type,
            "HouseWork": False,
            "HouseWorkHoursToReport": None,
            "HouseWorkType": None,
            "Price": row.price,
            "PriceExcludingVAT": excluding_vat(row.price, row.vat, included),
            "Project": row.project,
            "RowId": row.row_id,
            "StockPointCode": None,
            "Total": row.total,
            "TotalExcludingVAT": excluding_vat(row.total, row.vat, included),
            "Unit": row.unit,
            "VAT": row.vat.percent,
            "VATCode": row.vat.code,
        }

    @staticmethod
    def _edi(header: Fields) -> Fields:
        names = (
            "EDIGlobalLocationNumber",
            "EDIGlobalLocationNumberDelivery",
            "EDIInvoiceExtra1",
            "EDIInvoiceExtra2",
            "EDIOurElectronicReference",
            "EDIYourElectronicReference",
        )
        return {**dict.fromkeys(names), "EDIStatus": "", **header.get("EDIInformation", {})}

    @staticmethod
    def _email(header: Fields, customer: Record) -> Fields:
        return {
            "EmailAddressFrom": None,
            "EmailAddressTo": customer["EmailInvoice"] or customer["Email"] or "",
            "EmailAddressCC": None,
            "EmailAddressBCC": None,
            "EmailSubject": "Faktura {no} bifogas",
            "EmailBody": " ",
            **header.get("EmailInformation", {}),
        }

    # Payments

    def payment(self, payment: Payment) -> Fields:
        """A single payment."""
        invoice = self._books.invoices.get(payment.invoice)
        return {
            "@url": document_url(self._base, "invoicepayments", payment.number),
            "Amount": payment.amount,
            "AmountCurrency": payment.amount_currency,
            "Booked": payment.booked,
            "Currency": payment.currency,
            "CurrencyRate": payment.fields.get("CurrencyRate", invoice.header["CurrencyRate"]),
            "CurrencyUnit": invoice.header["CurrencyUnit"],
            "ExternalInvoiceReference1": invoice.header.get("ExternalInvoiceReference1", ""),
            "ExternalInvoiceReference2": invoice.header.get("ExternalInvoiceReference2", ""),
            "InvoiceCustomerName": invoice.header["CustomerName"],
            "InvoiceCustomerNumber": invoice.customer.key,
            "InvoiceNumber": payment.invoice,
            "InvoiceDueDate": invoice.header["DueDate"],
            "InvoiceOCR": str(invoice.header["OCR"]),
            "InvoiceTotal": f"{invoice.sums.total:f}",
            "ModeOfPayment": payment.fields.get("ModeOfPayment", ""),
            "ModeOfPaymentAccount": payment.account,
            "Number": payment.number,
            "PaymentDate": payment.day,
            "Source": "direct",
            **_voucher_reference(payment.voucher),
            "WriteOffs": [
                {
                    "AccountNumber": row["AccountNumber"],
                    "Amount": row["Amount"],
                    "CostCenter": row.get("CostCenter", ""),
                    "Currency": payment.currency,
                    "Description": "",
                    "Project": row.get("Project", ""),
                    "TransactionInformation": row.get("TransactionInformation", ""),
                }
                for row in payment.write_offs
            ],
        }

    def payment_item(self, payment: Payment) -> Fields:
        """A payment in a list, where its number is a string."""
        full = self.payment(payment)
        names = (
            "@url",
            "Amount",
            "Booked",
            "Currency",
            "CurrencyRate",
            "CurrencyUnit",
            "InvoiceNumber",
            "PaymentDate",
            "Source",
        )
        return {name: full[name] for name in names} | {
            "Number": str(payment.number),
            "WriteOffExist": bool(payment.write_offs),
        }


def _voucher_reference(voucher: Voucher | None) -> dict[str, Any]:
    if voucher is None:
        return {"VoucherNumber": None, "VoucherSeries": None, "VoucherYear": None}
    return {"VoucherNumber": voucher.number, "VoucherSeries": voucher.series, "VoucherYear": voucher.year}
