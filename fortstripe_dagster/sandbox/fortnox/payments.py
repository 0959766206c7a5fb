"""Invoice payments: registering them, and booking them against the invoice's claim.

A payment settles nothing until it is bookkept. Two equal payments are two payments: no repetition is recognised.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.invoice_sums import ZERO, round2
from fortstripe_dagster.sandbox.fortnox.invoices import Invoice, Invoices
from fortstripe_dagster.sandbox.fortnox.ledger import Ledger, Voucher, VoucherRow, signed_row
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.registers import Clock, Register, merge
from fortstripe_dagster.sandbox.fortnox.schema import Fields


@dataclass
class Payment:
    """A payment of one invoice. `amount` is kronor; `amount_currency` and write-offs are in the invoice's currency."""

    number: int
    invoice: int
    fields: Fields
    currency: str
    amount: Decimal
    amount_currency: Decimal
    day: date
    account: int
    created: datetime
    modified: datetime
    voucher: Voucher | None = None
    write_offs: list[Fields] = field(default_factory=list)

    @property
    def booked(self) -> bool:
        """Whether it has been bookkept."""
        return self.voucher is not None

    @property
    def settles(self) -> Decimal:
        """What it takes off the invoice's balance: the amount and everything written off."""
        return self.amount_currency + sum((row["Amount"] for row in self.write_offs), ZERO)


class Payments:
    """All invoice payments, by number."""

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        invoices: Invoices,
        modes: Register,
        predefined: dict[str, int],
        series: dict[str, str],
    ) -> None:
        self.all: dict[int, Payment] = {}
        self._series = series
        self._clock = clock
        self._ledger = ledger
        self._invoices = invoices
        self._modes = modes
        self._predefined = predefined
        self._next_number = 1

    def get(self, number: int) -> Payment:
        """The payment, or a 404."""
        if number not in self.all:
            raise not_found()
        return self.all[number]

    def create(self, fields: Fields) -> Payment:
        """Registers an unbooked payment from checked fields."""
        payment = self._built(self._next_number, merge({}, fields))
        self.all[payment.number] = payment
        self._next_number += 1
        return payment

    def update(self, number: int, changes: Fields) -> Payment:
        """Changes an unbooked payment."""
        before = self._unbooked(number)
        if changes.get("InvoiceNumber", before.invoice) != before.invoice:
            raise Refusal(refusals.INVALID_VALUE, "InvoiceNumber")
        kept = before.fields
        if {"Amount", "AmountCurrency"} & changes.keys():
            kept = {name: value for name, value in kept.items() if name not in ("Amount", "AmountCurrency")}
        payment = self._built(number, merge(kept, changes))
        payment.created = before.created
        self.all[number] = payment
        return payment

    def delete(self, number: int) -> None:
        """Removes an unbooked payment."""
        self._unbooked(number)
        del self.all[number]

    def bookkeep(self, number: int) -> Payment:
        """Posts the payment's voucher and settles the invoice by it."""
        payment = self._unbooked(number)
        invoice = self._payable(payment.invoice)
        payment.voucher = self._ledger.post_document(
            self._series["INVOICEPAYMENT"],
            payment.day,
            f"Betalning kundfaktura {invoice.number}, {invoice.header['CustomerName']}"[:200],
            self._voucher_rows(payment, invoice),
            reference_type="INVOICEPAYMENT",
            reference_number=str(number),
        )
        payment.modified = self._clock()
        self._invoices.settle(invoice, payment.settles, payment.day)
        return payment

    def _unbooked(self, number: int) -> Payment:
        payment = self.get(number)
        if payment.booked:
            raise Refusal(refusals.PAYMENT_BOOKED, number)
        return payment

    def _payable(self, number: int) -> Invoice:
        if number not in self._invoices.all:
            raise Refusal(refusals.INVOICE_NOT_FOUND, number)
        invoice = self._invoices.get(number)
        if invoice.cancelled:
            raise Refusal(refusals.INVOICE_CANCELLED, number)
        if self._ledger.required_year_of(invoice.day).accounting_method == "CASH":
            raise Refusal(refusals.NOT_MODELLED, "betalning med kontantmetoden")
        if not invoice.booked:
            raise Refusal(refusals.INVOICE_NOT_BOOKED, number)
        if invoice.balance == 0:
            raise Refusal(refusals.ALREADY_PAID, number)
        return invoice

    def _built(self, number: int, fields: Fields) -> Payment:
        invoice = self._payable(fields["InvoiceNumber"])
        day: date = fields.get("PaymentDate") or self._clock().date()
        if day < invoice.day:
            raise Refusal(refusals.PAYMENT_BEFORE_INVOICE, day)
        self._ledger.check_open(day)
        now = self._clock()
        amount, amount_currency = _amounts(fields, invoice)
        payment = Payment(
            number,
            invoice.number,
            fields,
            invoice.currency,
            amount,
            amount_currency,
            day,
            self._account(fields, day),
            now,
            now,
            write_offs=[merge({}, row) for row in fields.get("WriteOffs", [])],
        )
        for row in payment.write_offs:
            if "AccountNumber" not in row or "Amount" not in row:
                raise Refusal(refusals.REQUIRED_FIELD, "WriteOffs: AccountNumber, Amount")
            check_two_decimals(row["Amount"])
            self._ledger.account(self._year(day), row["AccountNumber"])
        if payment.settles == 0 or (payment.settles > 0) != (invoice.balance > 0):
            raise Refusal(refusals.PAYMENT_AMOUNT, payment.settles)
        return payment

    def _year(self, day: date) -> int:
        return (self._ledger.year_of(day) or self._ledger.preselected_year()).id

    def _account(self, fields: Fields, day: date) -> int:
        """The account sent, else that of the mode of payment, else that of bank giro payments."""
        account = fields.get("ModeOfPaymentAccount")
        if "ModeOfPayment" in fields:
            if fields["ModeOfPayment"] not in self._modes:
                raise Refusal(refusals.INVALID_VALUE, f"ModeOfPayment: {fields['ModeOfPayment']}")
            account = account or int(self._modes.get(fields["ModeOfPayment"])["AccountNumber"])
        account = account or self._predefined["BG"]
        self._ledger.account(self._year(day), account)
        return account

    def _voucher_rows(self, payment: Payment, invoice: Invoice) -> list[VoucherRow]:
        """Money and write-offs in debit, the claim at the invoice's rate in credit, exchange differences beside."""
        factor = invoice.kronor_per_unit
        rows = [signed_row(payment.account, payment.amount)] if payment.amount else []
        for row in payment.write_offs:
            rows.append(
                signed_row(
                    row["AccountNumber"],
                    round2(row["Amount"] * factor),
                    transaction_information=row.get("TransactionInformation", ""),
                    cost_center=row.get("CostCenter", ""),
                    project=row.get("Project", ""),
                )
            )
        rows.append(signed_row(self._predefined["CUSTCLAIM"], -round2(payment.settles * factor)))
        difference = -sum((row.amount for row in rows), ZERO)
        if difference:
            name = "CURRENCYLOSS" if difference > 0 else "CURRENCYWIN"
            rows.append(signed_row(self._predefined[name], difference))
        return rows


def _amounts(fields: Fields, invoice: Invoice) -> tuple[Decimal, Decimal]:
    """What was paid, in kronor and in the invoice's currency."""
    for name in ("Amount", "AmountCurrency"):
        check_two_decimals(fields.get(name, ZERO))
    if invoice.currency == "SEK":
        sent = {fields[name] for name in ("Amount", "AmountCurrency") if name in fields}
        if len(sent) != 1:
            raise Refusal(refusals.PAYMENT_AMOUNT, "Amount och AmountCurrency")
        amount = sent.pop()
        return amount, amount
    if "AmountCurrency" not in fields:
        raise Refusal(refusals.REQUIRED_FIELD, "AmountCurrency")
    in_currency = fields["AmountCurrency"]
    rate = fields.get("CurrencyRate")
    factor = rate / Decimal(invoice.header["CurrencyUnit"]) if rate is not None else invoice.kronor_per_unit
    return fields.get("Amount", round2(in_currency * factor)), in_currency


def check_two_decimals(amount: Decimal) -> None:
    """Refuses an amount with a part of an öre."""
    if amount != round2(amount):
        raise Refusal(refusals.INVALID_VALUE, amount)
