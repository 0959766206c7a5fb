"""Customer invoices: creating and changing them, and the actions that book, cancel, credit and send them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.countries import check_country_name, country_name
from fortstripe_dagster.sandbox.fortnox.customers import Customers
from fortstripe_dagster.sandbox.fortnox.invoice_rows import RowRules, changed_rows
from fortstripe_dagster.sandbox.fortnox.invoice_sums import ZERO, Charge, InvoiceRow, Sums, add_up, voucher_rows
from fortstripe_dagster.sandbox.fortnox.ledger import Ledger, Voucher
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.registers import Clock, Record, Register, merge
from fortstripe_dagster.sandbox.fortnox.schema import Fields

_MOST_ROWS = 500
_COPIED_FROM_CUSTOMER = (
    "Address1",
    "Address2",
    "ZipCode",
    "City",
    "Phone1",
    "Phone2",
    "DeliveryName",
    "DeliveryAddress1",
    "DeliveryAddress2",
    "DeliveryZipCode",
    "DeliveryCity",
    "OurReference",
    "YourReference",
    "TermsOfDelivery",
    "WayOfDelivery",
    "CostCenter",
    "Project",
)


@dataclass
class Invoice:
    """An invoice. `header` holds its fields as sent, filled up from the customer and the company's defaults."""

    number: int
    customer: Record
    header: Fields
    rows: list[InvoiceRow]
    sums: Sums
    created: datetime
    modified: datetime
    voucher: Voucher | None = None
    cancelled: bool = False
    sent: bool = False
    ready: bool = True
    reminders: int = 0
    paid: Decimal = ZERO
    final_pay_date: date | None = None
    credit_of: int | None = None
    credited_by: int | None = None
    fees: tuple[Charge, ...] = field(default=())

    @property
    def booked(self) -> bool:
        """Whether it has been bookkept."""
        return self.voucher is not None

    @property
    def day(self) -> date:
        """The invoice date."""
        day: date = self.header["InvoiceDate"]
        return day

    @property
    def currency(self) -> str:
        """The currency code of its amounts."""
        return str(self.header["Currency"])

    @property
    def kronor_per_unit(self) -> Decimal:
        """Kronor for one unit of the invoice's currency."""
        return Decimal(self.header["CurrencyRate"]) / Decimal(self.header["CurrencyUnit"])

    @property
    def balance(self) -> Decimal:
        """What is left to pay, in the invoice's currency; negative on an open credit invoice."""
        return ZERO if self.cancelled else self.sums.total - self.paid

    @property
    def is_credit(self) -> bool:
        """Whether it is a credit invoice: made by /credit, or negative in total."""
        return self.credit_of is not None or self.sums.total < 0


class Invoices:
    """All invoices of the company, by number."""

    def __init__(
        self,
        company: Company,
        clock: Clock,
        ledger: Ledger,
        customers: Customers,
        currencies: Register,
        terms_of_payment: Register,
        rules: RowRules,
        predefined: dict[str, int],
        series: dict[str, str],
        check_dimensions: Callable[[Fields], None],
    ) -> None:
        self.all: dict[int, Invoice] = {}
        self._company = company
        self._clock = clock
        self._ledger = ledger
        self._customers = customers
        self._currencies = currencies
        self._terms = terms_of_payment
        self._rules = rules
        self._predefined = predefined
        self._series = series
        self._check_dimensions = check_dimensions
        self._next_number = 1
        self._next_row = 1

    def get(self, number: int) -> Invoice:
        """The invoice, or the 404 of invoices."""
        if number not in self.all:
            raise not_found(refusals.INVOICE_NOT_FOUND)
        return self.all[number]

    def create(self, fields: Fields) -> Invoice:
        """Creates an unbooked invoice from checked fields; the client may choose its number."""
        fields = merge({}, fields)
        sent_rows = [merge({}, row) for row in fields.pop("InvoiceRows", [])]
        customer = self._customer(fields["CustomerNumber"])
        number = fields.get("DocumentNumber") or self._free_number()
        if number in self.all or number < 1:
            raise Refusal(refusals.NUMBER_USED, number)
        header = self._defaults(customer, number) | self._customer_defaults(customer) | fields
        now = self._clock()
        invoice = Invoice(number, customer, header, [], Sums(ZERO, ZERO, ZERO, ()), now, now)
        self._settle_header(invoice, fields)
        self._set_rows(invoice, sent_rows)
        invoice.ready = not self._company.warehouse or self._company.delivers_by_itself
        self.all[number] = invoice
        return invoice

    def update(self, number: int, changes: Fields) -> Invoice:
        """Changes an unbooked invoice; rows as `changed_rows` says."""
        invoice = self._open_for_change(number)
        sent_rows = changes.get("InvoiceRows")
        changes = {name: value for name, value in changes.items() if name != "InvoiceRows"}
        if changes.get("DocumentNumber", number) != number:
            raise Refusal(refusals.INVALID_VALUE, "DocumentNumber")
        if changes.get("CustomerNumber", invoice.customer.key) != invoice.customer.key:
            raise Refusal(refusals.NOT_MODELLED, "byte av kund")
        draft = Invoice(
            number,
            invoice.customer,
            merge(invoice.header, changes),
            [],
            invoice.sums,
            invoice.created,
            self._clock(),
            sent=invoice.sent,
            ready=invoice.ready,
            credit_of=invoice.credit_of,
        )
        for name, value in (
            self._defaults(invoice.customer, number) | self._customer_defaults(invoice.customer)
        ).items():
            draft.header.setdefault(name, value)
        self._settle_header(draft, changes)
        rows = [row.sent for row in invoice.rows] if sent_rows is None else changed_rows(invoice.rows, sent_rows)
        self._set_rows(draft, rows)
        self.all[number] = draft
        return draft

    # Actions

    def mark_ready(self, number: int) -> Invoice:
        """Takes the invoice's goods for delivered."""
        invoice = self.get(number)
        invoice.ready = True
        return invoice

    def bookkeep(self, number: int) -> Invoice:
        """Posts the invoice's voucher in the invoice series and makes the invoice final."""
        invoice = self._open_for_change(number)
        year = self._ledger.required_year_of(invoice.day)
        if year.accounting_method == "CASH":
            raise Refusal(refusals.CASH_METHOD)
        if not invoice.ready:
            raise Refusal(refusals.NOT_READY)
        if any(row.quantity > 0 and not row.description and not row.article_number for row in invoice.rows):
            raise Refusal(refusals.ROW_WITHOUT_TEXT)
        kind = "Kreditfaktura" if invoice.is_credit else "Kundfaktura"
        invoice.voucher = self._ledger.post_document(
            self._series["INVOICE"],
            invoice.day,
            f"{kind} {number}, {invoice.header['CustomerName']}"[:200],
            voucher_rows(
                invoice.sums,
                claim=self._predefined["CUSTCLAIM"],
                round_off=self._predefined["ROUNDOFF"],
                factor=invoice.kronor_per_unit,
            ),
            reference_type="INVOICE",
            reference_number=str(number),
        )
        if invoice.balance == 0:
            invoice.final_pay_date = invoice.day
        invoice.modified = self._clock()
        return invoice

    def cancel(self, number: int) -> Invoice:
        """Cancels an unbooked invoice (makulera); a booked one can only be credited."""
        invoice = self._open_for_change(number)
        self._ledger.check_open(invoice.day)
        invoice.cancelled = True
        invoice.modified = self._clock()
        return invoice

    def credit(self, number: int) -> Invoice:
        """Makes the one credit invoice of a booked invoice: quantities negated, dated today, unbooked.

        Returns the original, whose CreditInvoiceReference tells the new number.
        """
        invoice = self.get(number)
        if invoice.cancelled:
            raise Refusal(refusals.INVOICE_CANCELLED, number)
        if invoice.credited_by is not None or invoice.is_credit:
            raise Refusal(refusals.ALREADY_CREDITED, number)
        method = self._ledger.required_year_of(invoice.day).accounting_method
        if method == "ACCRUAL" and not invoice.booked:
            raise Refusal(refusals.INVOICE_NOT_BOOKED, number)
        header = {
            name: value
            for name, value in invoice.header.items()
            if name not in ("DocumentNumber", "InvoiceDate", "DueDate", "OCR")
        }
        if not self._company.credit_keeps_references:
            header = {name: v for name, v in header.items() if not name.startswith("ExternalInvoiceReference")}
        header |= {name: -header[name] for name in ("Freight", "AdministrationFee") if header[name]}
        header["InvoiceRows"] = [row.sent | {"DeliveredQuantity": -row.quantity} for row in invoice.rows]
        credit = self.create(header)
        credit.credit_of = number
        invoice.credited_by = credit.number
        invoice.modified = self._clock()
        return invoice

    def remind(self, number: int) -> Invoice:
        """Counts one more reminder."""
        invoice = self.get(number)
        invoice.reminders += 1
        invoice.modified = self._clock()
        return invoice

    def mark_sent(self, number: int) -> Invoice:
        """Marks the invoice as sent, as every way of sending it does."""
        invoice = self.get(number)
        invoice.sent = True
        invoice.modified = self._clock()
        return invoice

    def settle(self, invoice: Invoice, amount: Decimal, day: date) -> None:
        """Takes a booked payment (in the invoice's currency) off the balance."""
        invoice.paid += amount
        invoice.final_pay_date = day if invoice.balance == 0 else None
        invoice.modified = self._clock()

    # Inside

    def _customer(self, number: str) -> Record:
        if number not in self._customers.register:
            raise Refusal(refusals.NO_SUCH_CUSTOMER, number)
        return self._customers.get(number)

    def _free_number(self) -> int:
        while self._next_number in self.all:
            self._next_number += 1
        return self._next_number

    def _open_for_change(self, number: int) -> Invoice:
        invoice = self.get(number)
        if invoice.cancelled:
            raise Refusal(refusals.INVOICE_CANCELLED, number)
        if invoice.booked:
            raise Refusal(refusals.INVOICE_BOOKED, number)
        return invoice

    def _defaults(self, customer: Record, number: int) -> Fields:
        return {
            "DocumentNumber": number,
            "InvoiceDate": self._clock().date(),
            "InvoiceType": "INVOICE",
            "Language": "SV",
            "Currency": customer["Currency"] or "SEK",
            "TermsOfPayment": customer["TermsOfPayment"] or "30",
            "VATIncluded": bool(customer["ShowPriceVATIncluded"]),
            "AdministrationFee": self._company.administration_fee,
            "Freight": ZERO,
            "OCR": ocr_number(number),
            "CustomerName": customer["Name"],
            "Country": country_name(customer["CountryCode"]) if customer["CountryCode"] else "",
        }

    @staticmethod
    def _customer_defaults(customer: Record) -> Fields:
        return {name: customer[name] for name in _COPIED_FROM_CUSTOMER if customer[name]}

    def _settle_header(self, invoice: Invoice, sent: Fields) -> None:
        header = invoice.header
        self._ledger.check_open(invoice.day)
        self._check_dimensions(header)
        if "Country" in sent and header["Country"]:
            check_country_name(header["Country"])
        if header["InvoiceType"] == "CASHINVOICE" or header.get("TaxReductionType", "none") != "none":
            raise Refusal(refusals.NOT_MODELLED, "kontantfaktura eller skattereduktion")
        if header["Currency"] not in self._currencies:
            raise Refusal(refusals.CURRENCY_NOT_REGISTERED, header["Currency"])
        if header["TermsOfPayment"] not in self._terms:
            raise Refusal(refusals.INVALID_VALUE, f"TermsOfPayment: {header['TermsOfPayment']}")
        self._set_rate(header, sent)
        if "DueDate" not in header or ("DueDate" not in sent and {"InvoiceDate", "TermsOfPayment"} & sent.keys()):
            days = header["TermsOfPayment"]
            header["DueDate"] = invoice.day + timedelta(days=int(days) if days.isdigit() else 0)

    def _set_rate(self, header: Fields, sent: Fields) -> None:
        """Without a rate, or with the unit blanked, the company's registered rate holds."""
        if header["Currency"] == "SEK":
            header["CurrencyRate"], header["CurrencyUnit"] = Decimal(1), 1
            return
        registered = self._currencies.get(header["Currency"])
        if "CurrencyRate" in sent:
            header.setdefault("CurrencyUnit", 1)
        elif "CurrencyRate" not in header or "CurrencyUnit" not in header:
            header["CurrencyRate"] = registered["SellRate"] or Decimal(1)
            header["CurrencyUnit"] = int(registered["Unit"] or 1)
        if header["CurrencyRate"] <= 0 or header["CurrencyUnit"] <= 0:
            raise Refusal(refusals.INVALID_VALUE, "CurrencyRate")

    def _set_rows(self, invoice: Invoice, sent_rows: list[Fields]) -> None:
        if len(sent_rows) > _MOST_ROWS:
            raise Refusal(refusals.INVALID_VALUE, f"InvoiceRows: fler än {_MOST_ROWS} rader")
        for sent in sent_rows:
            sent.pop("RowId", None)
            invoice.rows.append(self._rules.row(self._next_row, sent, invoice.customer, invoice.day))
            self._next_row += 1
        header = invoice.header
        invoice.fees = tuple(
            self._rules.fee(predefined, header[name], invoice.customer)
            for name, predefined in (("Freight", "FREIGHT"), ("AdministrationFee", "ADMFEE"))
            if header[name]
        )
        center, project = header.get("CostCenter", ""), header.get("Project", "")
        charges = [
            Charge(row.account, row.total, row.vat, row.cost_center or center, row.project or project)
            for row in invoice.rows
        ]
        invoice.sums = add_up(
            [*charges, *invoice.fees],
            vat_included=header["VATIncluded"],
            rounding=self._company.vat_rounding,
            to_krona=self._company.round_to_krona and invoice.currency == "SEK",
        )


def ocr_number(number: int) -> str:
    """The payment reference of an invoice: its number, a digit for the length, and a Luhn check digit."""
    digits = f"{number}{(len(str(number)) + 2) % 10}"
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 - position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{digits}{-total % 10}"
