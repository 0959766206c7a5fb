"""The bodies that we write to Fortnox, checked before they are sent: lengths, ranges, characters, sums.

Lengths and enumerations are the official ones; fields that Fortnox only answers with are left out, so are those for
offers, orders, fax and tax reductions. Python names are Fortnox's in snake case (`fields.api_name`). An answer is not
read through these: Fortnox writes the same field in several ways (see `values`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from . import fields as f
from .values import API_BLANK


class _Part(BaseModel):
    """Something that Fortnox takes: nothing unknown in it, nothing changed after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=f.api_name, populate_by_name=True)

    def content(self) -> dict[str, Any]:
        """Fortnox's names and values without what is not set; amounts are Decimal, days are text."""
        return self.model_dump(by_alias=True, exclude_none=True)


class _Record(_Part):
    """A part that is sent by itself, under its own name."""

    def body(self) -> dict[str, dict[str, Any]]:
        """The request body, e.g. {"Invoice": {…}}."""
        return {type(self).__name__: self.content()}


def changes(before: _Record, after: _Record) -> dict[str, dict[str, Any]] | None:
    """The body of a PUT that makes `before` into `after`: only what differs, cleared where it is gone; None if nothing.

    Raises TypeError if the two are not of one kind.
    """
    if type(before) is not type(after):
        raise TypeError(f"a {type(before).__name__} cannot become a {type(after).__name__}")
    old, new = before.content(), after.content()
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    cleared = {name: API_BLANK for name in old if name not in new}
    return {type(after).__name__: {**changed, **cleared}} if changed or cleared else None


class DefaultDeliveryTypes(_Part):
    """How a customer gets documents, if Fortnox sends any."""

    invoice: Literal["PRINT", "EMAIL", "PRINTSERVICE"] | None = None


class Customer(_Record):
    """A customer. `country_code` is written, the country's name follows from it."""

    name: f.Mandatory1024
    customer_number: Annotated[str | None, f.CustomerNumber] = None
    type: Literal["PRIVATE", "COMPANY"] | None = None
    organisation_number: Annotated[str | None, f.exact(30)] = None
    vat_number: f.Code = None
    vat_type: Literal["SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT"] | None = None
    external_reference: f.Code = None
    active: bool | None = None
    currency: f.CurrencyCode = None
    address1: f.Line1024 = None
    address2: f.Line1024 = None
    zip_code: f.Line10 = None
    city: f.Line1024 = None
    country_code: f.CountryCode = None
    delivery_name: f.Line1024 = None
    delivery_address1: f.Line1024 = None
    delivery_address2: f.Line1024 = None
    delivery_zip_code: f.Line10 = None
    delivery_city: f.Line1024 = None
    delivery_country_code: f.CountryCode = None
    delivery_phone1: f.Line1024 = None
    visiting_address: f.Line128 = None
    visiting_zip_code: f.Line10 = None
    visiting_city: f.Line128 = None
    visiting_country_code: f.CountryCode = None
    email: f.Email = None
    email_invoice: f.Email = None
    email_invoice_cc: f.Email = None
    email_invoice_bcc: f.Email = None
    phone1: f.Line1024 = None
    phone2: f.Line1024 = None
    www: f.Line128 = None
    gln: Annotated[str | None, f.exact(13, r"[0-9]{13}", "13 digits")] = None
    our_reference: f.Line50 = None
    your_reference: f.Line50 = None
    comments: f.Lines1024 = None
    invoice_remark: f.Lines1024 = None
    invoice_administration_fee: f.AmountAsText = None
    invoice_freight: f.AmountAsText = None
    invoice_discount: f.Amount | None = None
    show_price_vat_included: bool | None = None
    sales_account: Annotated[str | None, f.FourDigits] = None
    cost_center: f.Code = None
    project: f.Code = None
    price_list: f.Code = None
    terms_of_payment: f.Code = None
    terms_of_delivery: f.Code = None
    way_of_delivery: f.Code = None
    default_delivery_types: DefaultDeliveryTypes | None = None


class InvoiceRow(_Part):
    """A row. `price` is gross if the invoice says `vat_included`, else net; Fortnox rounds it to two decimals."""

    description: f.Line255 = None
    article_number: f.ArticleNumber = None
    delivered_quantity: f.Quantity = None
    unit: f.Code = None
    price: f.Amount | None = None
    discount: f.Amount | None = None
    discount_type: Literal["AMOUNT", "PERCENT"] | None = None
    vat: f.Percent = None
    vat_code: f.Code = None
    account_number: f.Account | None = None
    cost_center: f.Code = None
    project: f.Code = None
    stock_point_code: f.Code = None
    row_id: int | None = None

    @model_validator(mode="after")
    def _counts(self) -> InvoiceRow:
        if self.price and self.delivered_quantity is None:
            raise ValueError("a row with a price needs delivered_quantity: Fortnox takes none as 0, and the total as 0")
        if self.delivered_quantity and not (self.description or self.article_number):
            raise ValueError("a row with a quantity needs a description or an article, else it cannot be bookkept")
        return self


class Label(_Part):
    """A label on an invoice, by its id."""

    id: int


class EmailInformation(_Part):
    """Where and how an invoice is e-mailed, if Fortnox sends it."""

    email_address_from: f.Email = None
    email_address_to: f.Email = None
    email_address_cc: f.Email = None
    email_address_bcc: f.Email = None
    email_subject: f.Line100 = None
    email_body: Annotated[str | None, f.prose(20000, lines=True)] = None


class Invoice(_Record):
    """A customer invoice; a credit of part of one is an invoice with negative quantities.

    The name of a country is left out on purpose: it follows the customer, and Fortnox takes only its own spelling.
    """

    customer_number: Annotated[str, f.CustomerNumber]
    customer_name: f.Line1024 = None
    document_number: f.Digits = None
    invoice_type: Literal["INVOICE", "AGREEMENTINVOICE", "INTRESTINVOICE", "SUMMARYINVOICE", "CASHINVOICE"] | None = (
        None
    )
    invoice_date: f.Day | None = None
    due_date: f.Day | None = None
    delivery_date: f.Day | None = None
    outbound_date: f.Day | None = None
    currency: f.CurrencyCode = None
    currency_rate: f.Rate | None = None
    currency_unit: Annotated[int, Field(ge=1)] | None = None
    vat_included: bool | None = None
    language: Literal["SV", "EN"] | None = None
    external_invoice_reference1: f.Reference80 = None
    external_invoice_reference2: f.Reference80 = None
    your_order_number: f.Line75 = None
    our_reference: f.Line50 = None
    your_reference: f.Line50 = None
    remarks: f.Lines1024 = None
    comments: f.Lines1024 = None
    ocr: f.Digits = None
    administration_fee: f.Amount | None = None
    freight: f.Amount | None = None
    address1: f.Line1024 = None
    address2: f.Line1024 = None
    zip_code: f.Line1024 = None
    city: f.Line1024 = None
    delivery_name: f.Line1024 = None
    delivery_address1: f.Line1024 = None
    delivery_address2: f.Line1024 = None
    delivery_zip_code: f.Line1024 = None
    delivery_city: f.Line1024 = None
    phone1: f.Line1024 = None
    phone2: f.Line1024 = None
    cost_center: f.Code = None
    project: f.Code = None
    price_list: f.Code = None
    print_template: f.Code = None
    terms_of_payment: f.Code = None
    terms_of_delivery: f.Code = None
    way_of_delivery: f.Code = None
    payment_way: Literal["CASH", "CARD", "AG"] | None = None
    not_completed: bool | None = None
    labels: tuple[Label, ...] | None = None
    email_information: EmailInformation | None = None
    invoice_rows: Annotated[tuple[InvoiceRow, ...], Field(max_length=500)] | None = None


class WriteOff(_Part):
    """A part of a receivable that is not paid but written off to an account, such as rounding or a rate difference."""

    amount: f.Amount
    account_number: f.Account
    cost_center: f.Code = None
    project: f.Code = None
    transaction_information: f.Line100 = None


class InvoicePayment(_Record):
    """A payment of an invoice. It settles nothing until it is bookkept, by an action of its own.

    `amount` is kronor; `amount_currency` is the invoice's currency, and needed if that is not SEK.
    """

    invoice_number: Annotated[int, Field(ge=1)]
    payment_date: f.Day | None = None
    amount: f.Amount | None = None
    amount_currency: f.Amount | None = None
    currency_rate: f.Rate | None = None
    mode_of_payment: f.Code = None
    mode_of_payment_account: f.Account | None = None
    write_offs: tuple[WriteOff, ...] | None = None


class VoucherRow(_Part):
    """A row of a voucher: kronor on one side of one account."""

    account: f.Account
    debit: f.PositiveAmount | None = None
    credit: f.PositiveAmount | None = None
    transaction_information: f.Line100 = None
    cost_center: f.Code = None
    project: f.Code = None
    quantity: f.Amount | None = None

    @model_validator(mode="after")
    def _one_side(self) -> VoucherRow:
        if (self.debit is None) == (self.credit is None):
            raise ValueError("a row has either debit or credit")
        return self


class Voucher(_Record):
    """A voucher. Fortnox cannot change it afterwards; its year and number are Fortnox's to give."""

    description: f.Mandatory200
    voucher_series: Annotated[str, f.SeriesCode]
    transaction_date: f.Day
    voucher_rows: Annotated[tuple[VoucherRow, ...], Field(min_length=2)]
    comments: f.Lines1000 = None
    cost_center: f.Code = None
    project: f.Code = None

    @model_validator(mode="after")
    def _balances(self) -> Voucher:
        debit = sum((row.debit or Decimal(0) for row in self.voucher_rows), Decimal(0))
        credit = sum((row.credit or Decimal(0) for row in self.voucher_rows), Decimal(0))
        if debit != credit:
            raise ValueError(f"debit {debit} and credit {credit} differ by {abs(debit - credit)}")
        return self


class VoucherFileConnection(_Record):
    """Ties an uploaded file to a voucher. Send it with ?financialyeardate=, else it lands in another year."""

    file_id: Annotated[str, f.exact(1024)]
    voucher_number: Annotated[str, f.exact(30, r"[0-9]+", "digits only")]
    voucher_series: Annotated[str, f.SeriesCode]


class Article(_Record):
    """An article. Its sales price is a record of its own (/3/prices); its stock is the warehouse module's, if any."""

    description: f.Mandatory200
    article_number: f.ArticleNumber = None
    type: Literal["STOCK", "SERVICE"] | None = None
    active: bool | None = None
    stock_goods: bool | None = None
    quantity_in_stock: f.Amount | None = None
    unit: f.Code = None
    vat: f.Percent = None
    sales_account: f.Account | None = None
    eu_account: f.Account | None = None
    eu_vat_account: f.Account | None = None
    export_account: f.Account | None = None
    purchase_account: f.Account | None = None
    purchase_price: f.Amount | None = None
    ean: Annotated[str | None, f.exact(30)] = None
    manufacturer: f.Line50 = None
    manufacturer_article_number: f.Line50 = None
    note: f.Lines10000 = None
    webshop_article: bool | None = None


class ModeOfPayment(_Record):
    """A mode of payment, such as STRIPE, and the account that it pays to (text of four digits)."""

    code: Annotated[str, f.exact(1024)]
    account_number: Annotated[str, f.FourDigits]
    description: f.Line1024 = None


class VoucherSeries(_Record):
    """A voucher series of one financial year. Vouchers from outside are taken only if it is `manual`."""

    code: Annotated[str, f.SeriesCode]
    description: f.Line200 = None
    manual: bool | None = None


class Currency(_Record):
    """A currency: `buy_rate` and `sell_rate` are kronor for `unit` of it."""

    code: Annotated[str, f.exact(3, r"[A-Z]{3}", "three capital letters (ISO 4217)")]
    description: f.Mandatory200
    buy_rate: f.Rate | None = None
    sell_rate: f.Rate | None = None
    unit: f.Rate | None = None
