"""Customers: what Fortnox checks when one is created, changed or removed."""

import re

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.countries import check_vat_number, country_name
from fortstripe_dagster.sandbox.fortnox.ledger import Ledger
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.registers import Clock, Record, Register, merge
from fortstripe_dagster.sandbox.fortnox.schema import Fields

_COUNTRY_CODES = ("CountryCode", "DeliveryCountryCode", "VisitingCountryCode")
_DIGITS = ("InvoiceAdministrationFee", "InvoiceFreight", "GLN", "GLNDelivery")


class Customers:
    """The customer register. A deleted customer's number can never be used again."""

    def __init__(self, clock: Clock, ledger: Ledger, currencies: Register, terms_of_payment: Register) -> None:
        self.register = Register(
            "CustomerNumber",
            clock,
            missing=refusals.CUSTOMER_NOT_FOUND,
            used=refusals.CUSTOMER_NUMBER_USED,
            numbered=True,
        )
        self._ledger = ledger
        self._currencies = currencies
        self._terms = terms_of_payment

    def get(self, number: str) -> Record:
        """The customer, or the 404 of customers."""
        return self.register.get(number)

    def create(self, fields: Fields) -> Record:
        """Creates a customer from checked fields."""
        self._check(merge({}, fields))
        return self.register.create(fields)

    def update(self, number: str, changes: Fields) -> Record:
        """Changes a customer; all of it must be valid afterwards, so an old bad VAT number blocks every change."""
        if changes.get("CustomerNumber", number) != number:
            raise Refusal(refusals.INVALID_VALUE, "CustomerNumber")
        self._check(merge(self.get(number).fields, changes))
        return self.register.update(number, changes)

    def _check(self, fields: Fields) -> None:
        if "Country" in fields:
            raise Refusal(refusals.INVALID_COUNTRY, f"Ogiltig landskod: {fields['Country'].upper()}")
        for name in _COUNTRY_CODES:
            if name in fields:
                country_name(fields[name])
        for name in _DIGITS:
            if name in fields and not re.fullmatch(r"\d+(\.\d+)?", fields[name], re.ASCII):
                raise Refusal(refusals.NOT_NUMERIC, fields[name])
        if "VATNumber" in fields:
            check_vat_number(fields["VATNumber"])
        if "Currency" in fields and fields["Currency"] not in self._currencies:
            raise Refusal(refusals.CURRENCY_NOT_REGISTERED, fields["Currency"])
        if "TermsOfPayment" in fields and fields["TermsOfPayment"] not in self._terms:
            raise Refusal(refusals.INVALID_VALUE, f"TermsOfPayment: {fields['TermsOfPayment']}")
        if "SalesAccount" in fields:
            self._ledger.account(self._ledger.preselected_year().id, account_number(fields["SalesAccount"]))
        for name in ("Email", "EmailInvoice"):
            if name in fields and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", fields[name]):
                raise Refusal(refusals.INVALID_VALUE, f"{name}: {fields[name]}")


def account_number(text: str) -> int:
    """An account number that a field holds as text."""
    if not re.fullmatch(r"\d{4}", text, re.ASCII):
        raise Refusal(refusals.NO_SUCH_ACCOUNT, text)
    return int(text)
