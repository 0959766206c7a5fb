"""Request bodies, built from a document's frozen content through the models of `fortnox`.

Pure: what only Fortnox knows (numbers, rounding) is passed in. Raises pydantic.ValidationError for content that Fortnox
would not take; nothing has been sent then.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from fortstripe_dagster import fortnox
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import amount

MARK = "fortstripe:"
"""Stands before the document id in a voucher's comments."""


def customer(document: Document) -> dict[str, Any]:
    """A customer in kronor, numbered by us unless the company wants Fortnox's numbers."""
    return _customer(document.content).body()


def customer_change(document: Document) -> dict[str, Any]:
    """What has changed about a customer, and nothing else."""
    changed = _change(document)
    if changed is None:
        raise LookupError(f"{document.document_id} changes nothing")
    return changed


def differs(document: Document) -> bool:
    """Whether a change of a customer is one in Fortnox's spelling, too."""
    try:
        return _change(document) is not None
    except ValidationError:
        return True  # it is told, and held, where it is to be sent


def _change(document: Document) -> dict[str, Any] | None:
    return fortnox.changes(_customer(document.content["before"]), _customer(document.content["after"]))


def _customer(content: Mapping[str, Any]) -> fortnox.Customer:
    return fortnox.Customer(
        name=content["name"],
        customer_number=content["number"],
        external_reference=content["reference"],
        type=content["type"],
        vat_type=content["vat_type"],
        currency="SEK",
        organisation_number=content.get("organisation_number"),
        vat_number=content.get("vat_number"),
        country_code=content.get("country"),
        email=content.get("email"),
        phone1=content.get("phone"),
        address1=content.get("address1"),
        address2=content.get("address2"),
        zip_code=content.get("zip_code"),
        city=content.get("city"),
    )


def invoice(document: Document, customer_number: str, original: str | None = None) -> dict[str, Any]:
    """An invoice in kronor with gross prices, fees set to zero; `original` is the number that a credit invoice quotes.

    The company's defaults would otherwise add an administration fee and freight.
    """
    content = document.content
    quoted = [f"Krediterar faktura {original}: {content['text']}."] if original else []
    number = content.get("stripe_number")
    issued = [f"{content['stripe_document']} {number} utfärdad av Stripe."] if number else []
    noted = [content["note"]] if content.get("note") else []
    return fortnox.Invoice(
        customer_number=customer_number,
        invoice_date=document.booked_on,
        due_date=max(content.get("due_day", ""), document.booked_on.isoformat()),
        currency="SEK",
        vat_included=True,
        external_invoice_reference1=content["reference1"],
        external_invoice_reference2=content["reference2"],
        your_order_number=number,
        remarks="\n".join(quoted + issued + noted) or None,
        administration_fee=Decimal(0),
        freight=Decimal(0),
        invoice_rows=tuple(
            fortnox.InvoiceRow(
                description=fortnox.clean(row["description"], 255, empty="–"),
                article_number=row["article"],
                delivered_quantity=amount(row["quantity"]),
                price=amount(row["price"]),
                vat=amount(row["vat"]),
                account_number=int(row["account"]),
                cost_center=row.get("cost_center"),
                project=row.get("project"),
            )
            for row in content["rows"]
        ),
    ).body()


def payment(
    document: Document, invoice_number: str, mode: str | None, rounding: Decimal, rounding_account: str
) -> dict[str, Any]:
    """A payment of an invoice; what was not money is written off with it, `rounding` too (kronor, positive = debit)."""
    content = document.content
    write_offs = [(row["account"], amount(row["amount"])) for row in content["write_offs"]]
    if rounding:
        write_offs.append((rounding_account, rounding))
    return fortnox.InvoicePayment(
        invoice_number=int(invoice_number),
        payment_date=document.booked_on,
        amount=amount(content["amount"]),
        mode_of_payment=mode,
        mode_of_payment_account=int(content["account"]),
        write_offs=tuple(fortnox.WriteOff(account_number=int(account), amount=value) for account, value in write_offs)
        or None,
    ).body()


def voucher(document: Document, series: str) -> dict[str, Any]:
    """A voucher in our own series."""
    return fortnox.Voucher(
        description=document.description,
        voucher_series=series,
        transaction_date=document.booked_on,
        comments=MARK + document.document_id,
        voucher_rows=tuple(
            fortnox.VoucherRow(
                account=int(row["account"]),
                debit=_side(row, "debit"),
                credit=_side(row, "credit"),
                transaction_information=row.get("text"),
                cost_center=row.get("cost_center"),
                project=row.get("project"),
            )
            for row in document.content["rows"]
        ),
    ).body()


def article(document: Document) -> dict[str, Any]:
    """An article: for sales to businesses in the EU, or as a rule names it."""
    content = document.content
    return fortnox.Article(
        article_number=content["number"],
        description=fortnox.clean(content["description"], 200, empty="–"),
        type=content["type"],
        stock_goods=False if content["type"] == "STOCK" else None,
        eu_account=int(content["account"]) if "account" in content else None,
        sales_account=int(content["sales_account"]) if "sales_account" in content else None,
    ).body()


def mode_of_payment(document: Document) -> dict[str, Any]:
    """A mode of payment that pays to a clearing account."""
    content = document.content
    return fortnox.ModeOfPayment(
        code=content["code"], description=content["description"], account_number=content["account"]
    ).body()


def currency(document: Document) -> dict[str, Any]:
    """A currency; its rates are the company's or Fortnox's own."""
    return fortnox.Currency(code=document.content["code"], description=document.content["description"]).body()


def voucher_series(document: Document) -> dict[str, Any]:
    """Our own voucher series, open to vouchers from outside."""
    content = document.content
    return fortnox.VoucherSeries(code=content["code"], description=content["description"], manual=True).body()


def _side(row: Mapping[str, Any], side: str) -> Decimal | None:
    return amount(row[side]) if side in row else None
