"""The requests that make each kind of document, and how each is found again in Fortnox when its answer was lost.

Searches match parts of a text, so whatever is found counts only if it is equal. An action (bookkeep) is looked up by
the document's own state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.documents import bodies, stock
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal, Request
from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.delivery.sending import attaching, failed_payments, linked, stocking
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import Fortnox, Refused, path
from fortstripe_dagster.fortnox.values import as_bool, as_decimal
from fortstripe_dagster.settings import Settings


@dataclass(frozen=True)
class Resource:
    """Where a kind lives in Fortnox: the path's name, the record's wrapper, the field with its number."""

    name: str
    wrapper: str
    number: str


RESOURCES: Mapping[str, Resource] = {
    "voucher_series": Resource("voucherseries", "VoucherSeries", "Code"),
    "mode_of_payment": Resource("modesofpayments", "ModeOfPayment", "Code"),
    "currency": Resource("currencies", "Currency", "Code"),
    "article": Resource("articles", "Article", "ArticleNumber"),
    "customer": Resource("customers", "Customer", "CustomerNumber"),
    "invoice": Resource("invoices", "Invoice", "DocumentNumber"),
    "credit_invoice": Resource("invoices", "Invoice", "DocumentNumber"),
    "payment": Resource("invoicepayments", "InvoicePayment", "Number"),
    "voucher": Resource("vouchers", "Voucher", "VoucherNumber"),
    "customer_change": Resource("customers", "Customer", "CustomerNumber"),
    "comment": Resource("customers", "Customer", "CustomerNumber"),
    "specification": Resource("voucherfileconnections", "File", "Id"),
    "stock_document": Resource("documentdeliveries", "Document", "id"),
    "stock_quantity": Resource("articles", "Article", "ArticleNumber"),
}


READY = "warehouseready"
"""A step of invoices that the Warehouse module wants where the company does not have it deliver by itself."""
_ACTIONS: Mapping[str, str] = {"bookkeep": "Booked", READY: "WarehouseReady"}
"""Steps that are actions on a document, and what it says of itself once they took effect."""


@dataclass(frozen=True)
class Context:
    """What a delivery works with. `modes` are modes of payment by account; ours are added as they are created."""

    settings: Settings
    journal: Journal
    fortnox: Fortnox
    company: Company
    modes: dict[str, str]


def request(context: Context, document: Document, step: str) -> Request:
    """The request for a step. Raises pydantic.ValidationError for content that Fortnox would not take."""
    resource = RESOURCES[document.kind]
    if step in _ACTIONS:
        return Request("PUT", path(resource.name, _number(context, document.document_id), step))
    if document.kind == "specification":
        return _attach(context, document, step)
    if document.kind in stock.KINDS:
        return stocking.request(context.fortnox, document, step)
    if document.kind == "comment":
        record = path(resource.name, _customer_number(context, document))
        return Request("PUT", record, failed_payments.body(document, _comments(context.fortnox.get(record))))
    if document.kind == "customer_change":
        return Request(
            "PUT", path(resource.name, _customer_number(context, document)), bodies.customer_change(document)
        )
    if document.content.get("linked") and step == "create" and not linked.was_refused(context.journal, document):
        return linked.credit(_number(context, document.content["original"]))
    body, params = _body(context, document), None
    if step == "update":
        return linked.update(_number(context, document.document_id), body)
    if document.kind == "voucher":
        params = {"financialyear": _year_id(context, document)}
    if document.kind == "voucher_series":
        params = {"financialyear": int(document.content["year"])}
    return Request("POST", path(resource.name), body, params)


def send(context: Context, document: Document, wanted: Request) -> Any:
    """Send a request; the parsed answer. Raises FortnoxError."""
    if document.kind == "specification" and wanted.path == path(context.settings.files):
        return attaching.send(context.fortnox, document, wanted)
    by_method = context.fortnox.post if wanted.method == "POST" else context.fortnox.put
    return by_method(wanted.path, wanted.body, wanted.params)


def number_of(document: Document, answer: Mapping[str, Any]) -> str:
    """Fortnox's number of the document in an answer. Raises KeyError where it has none."""
    if document.kind == "specification":
        return attaching.number_of(answer)
    if document.kind in stock.KINDS:
        return stocking.number_of(document)
    if document.content.get("linked"):
        return linked.number_of(answer)
    resource = RESOURCES[document.kind]
    return str(answer[resource.wrapper][resource.number])


def look_up(context: Context, document: Document, step: str, sent_at: datetime) -> Mapping[str, Any] | None:
    """The document as Fortnox has it if the step took effect, None if it is not to be seen (yet)."""
    resource, fortnox = RESOURCES[document.kind], context.fortnox
    if step in _ACTIONS:
        answer = reread(context, document)
        return answer if as_bool(answer[resource.wrapper].get(_ACTIONS[step])) else None
    match document.kind:
        case "credit_invoice" if step == "update":
            return linked.look_up_update(reread(context, document), document)
        case "credit_invoice" if document.content.get("linked"):
            return linked.look_up(fortnox, _number(context, document.content["original"]), document) or _invoice(
                context, document
            )
        case "invoice" | "credit_invoice":
            return _invoice(context, document)
        case "payment":
            return _payment(context, document)
        case "voucher":
            return _voucher(context, document)
        case "specification" if step == "connect":
            return _tie(context, document)
        case "specification":
            return attaching.look_up_upload(fortnox, document, context.settings)
        case "stock_document" | "stock_quantity":
            return stocking.look_up(fortnox, context.journal, document, step)
        case "customer_change":
            return _changed(context, document)
        case "comment":
            found = _record(fortnox, path(resource.name, _customer_number(context, document)))
            return found if found and failed_payments.says(document, _comments(found)) else None
        case "customer" if document.content["number"] is None:
            return _customer(context, document, sent_at)
        case "customer":
            return _record(fortnox, path(resource.name, document.content["number"]))
        case "voucher_series":
            return _record(
                fortnox, path(resource.name, document.content["code"]), {"financialyear": document.content["year"]}
            )
        case "mode_of_payment" | "currency":
            return _record(fortnox, path(resource.name, document.content["code"]))
        case "article":
            return _record(fortnox, path(resource.name, document.content["number"]))


def difference(document: Document, answer: Mapping[str, Any], limit: Decimal) -> str | None:
    """What Fortnox computed otherwise than the ledger on an invoice, None if nothing that matters.

    The gross must be the same; VAT, which Fortnox rounds in its own way, may differ by `limit` kronor.
    """
    invoice = answer["Invoice"]
    gross = _money(invoice, "TotalToPay", "Total") - _money(invoice, "RoundOff")
    vat = _money(invoice, "TotalVAT")
    wanted, wanted_vat = amount(document.content["gross"]), amount(document.content["vat"])
    if gross != wanted:
        return f"Fortnox's invoice {invoice['DocumentNumber']} amounts to {gross:.2f}, the ledger says {wanted:.2f}."
    if abs(vat - wanted_vat) > limit:
        return f"Fortnox's invoice {invoice['DocumentNumber']} has VAT {vat:.2f}, the ledger says {wanted_vat:.2f}."
    return None


def reread(context: Context, document: Document) -> dict[str, Any]:
    """A created document as it stands in Fortnox now."""
    answer: dict[str, Any] = context.fortnox.get(
        path(RESOURCES[document.kind].name, _number(context, document.document_id))
    )
    return answer


def lastmodified(moment: datetime) -> str:
    """A moment for Fortnox's `lastmodified`, early enough whether it reads it as Swedish time or as UTC."""
    return (moment.astimezone(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%d %H:%M")


def _body(context: Context, document: Document) -> dict[str, Any]:
    match document.kind:
        case "customer":
            return bodies.customer(document)
        case "invoice":
            return bodies.invoice(document, _customer_number(context, document))
        case "credit_invoice":
            name = document.content["original"]
            # The customer of the original, whatever is decided about guests today.
            original = history.sealed_by_id(context.journal, [name])[name]
            return bodies.invoice(document, _customer_number(context, original), _number(context, name))
        case "payment":
            return bodies.payment(
                document,
                _number(context, document.content["target"]),
                context.modes.get(document.content["account"]),
                _rounding(context, document),
                context.settings.accounts.rounding,
            )
        case "voucher":
            return bodies.voucher(document, context.settings.voucher_series)
        case "article":
            return bodies.article(document)
        case "mode_of_payment":
            return bodies.mode_of_payment(document)
        case "currency":
            return bodies.currency(document)
        case "voucher_series":
            return bodies.voucher_series(document)
        case "specification" | "customer_change" | "comment" | "stock_document" | "stock_quantity":
            raise LookupError(f"{document.document_id} is no record of its own")


def _attach(context: Context, document: Document, step: str) -> Request:
    if step == "create":
        return attaching.upload(document, context.settings)
    if "invoice" in document.content:
        return attaching.connect_invoice(
            _number(context, document.document_id), _number(context, document.content["invoice"])
        )
    voucher = history.sealed_by_id(context.journal, [document.content["voucher"]])[document.content["voucher"]]
    year = context.company.year(voucher.booked_on)
    if year is None:
        raise LookupError(f"no financial year for {voucher.document_id}")
    return attaching.connect(
        _number(context, document.document_id),
        _number(context, voucher.document_id),
        voucher.content.get("series") or context.settings.voucher_series,
        year.first.isoformat(),
    )


def _tie(context: Context, document: Document) -> Mapping[str, Any] | None:
    file_id = _number(context, document.document_id)
    if "invoice" in document.content:
        return attaching.look_up_invoice_tie(context.fortnox, file_id, _number(context, document.content["invoice"]))
    return attaching.look_up_tie(context.fortnox, file_id)


def _rounding(context: Context, document: Document) -> Decimal:
    """Fortnox's rounding of the invoice, if this payment settles the last öre of it; back again if it unsettles it."""
    target, gross = document.content["target"], amount(document.content["target_gross"])
    before = history.settled(context.journal, target)
    after = before + amount(document.content["receivable"])
    turns = (after == gross) - (before == gross)
    return turns * _round_off(context, target) if turns else Decimal(0)


def _round_off(context: Context, target: str) -> Decimal:
    answers = history.progress(context.journal, [target])[target].answers
    answer = answers.get("bookkeep") or answers["create"]
    if "RoundOff" not in answer.get("Invoice", {}):  # adopted from a list, which does not say it
        answer = context.fortnox.get(path("invoices", _number(context, target)))
    return _money(answer["Invoice"], "RoundOff")


def _invoice(context: Context, document: Document) -> dict[str, Any] | None:
    reference = document.content["reference1"]
    sign = 1 if document.kind == "invoice" else -1
    found = [
        item
        for item in context.fortnox.find(
            "/3/invoices", "Invoices", "ExternalInvoiceReference1", reference, {"externalinvoicereference1": reference}
        )
        # A person who credits an invoice in Fortnox may get a credit invoice with the same reference.
        if _money(item, "Total") * sign >= 0 and not as_bool(item.get("Cancelled"))
    ]
    if len(found) > 1:
        numbers = ", ".join(str(item["DocumentNumber"]) for item in found)
        raise DeliveryStopped(
            f"Fortnox has {len(found)} invoices for {reference}: {numbers}.",
            "credit or cancel all but one in Fortnox, then run again.",
        )
    return _record(context.fortnox, path("invoices", found[0]["DocumentNumber"])) if found else None


def _payment(context: Context, document: Document) -> dict[str, Any] | None:
    """A payment has no reference: it is one of this invoice, date, amount and account that the journal lacks."""
    invoice = _number(context, document.content["target"])
    known = {
        row["number"]
        for row in context.journal.rows(
            "SELECT a.number FROM answers a JOIN intents i USING (intent) JOIN seals s USING (seal)"
            " WHERE s.kind = 'payment' AND i.step = 'create' AND a.number IS NOT NULL"
            " AND json_extract(s.content, '$.target') = ?",
            [document.content["target"]],
        )
    }
    for item in context.fortnox.find(
        "/3/invoicepayments", "InvoicePayments", "InvoiceNumber", invoice, {"invoicenumber": invoice}
    ):
        same = (str(item.get("PaymentDate")), as_decimal(item.get("Amount"))) == (
            document.booked_on.isoformat(),
            amount(document.content["amount"]),
        )
        if same and str(item["Number"]) not in known:
            answer = _record(context.fortnox, path("invoicepayments", str(item["Number"])))
            if answer and str(answer["InvoicePayment"].get("ModeOfPaymentAccount")) == document.content["account"]:
                return answer
    return None


def _voucher(context: Context, document: Document) -> dict[str, Any] | None:
    series, day, year = context.settings.voucher_series, document.booked_on.isoformat(), _year_id(context, document)
    params: dict[str, str | int] = {"voucherseries": series, "fromdate": day, "todate": day, "financialyear": year}
    found = [
        item
        for item in context.fortnox.find(
            "/3/vouchers", "Vouchers", "Comments", bodies.MARK + document.document_id, params
        )
        if item["VoucherSeries"] == series
    ]
    if not found:
        return None
    return _record(context.fortnox, path("vouchers", series, found[0]["VoucherNumber"]), {"financialyear": year})


def _customer(context: Context, document: Document, sent_at: datetime) -> dict[str, Any] | None:
    """A customer under Fortnox's own number: no search knows ExternalReference, so recent ones are read one by one."""
    params = {"lastmodified": lastmodified(sent_at)}
    for item in context.fortnox.pages("/3/customers", "Customers", params):
        answer = _record(context.fortnox, path("customers", str(item["CustomerNumber"])))
        if answer and answer["Customer"].get("ExternalReference") == document.content["reference"]:
            return answer
    return None


def _comments(answer: Mapping[str, Any]) -> str:
    return str(answer["Customer"].get("Comments") or "")


def _changed(context: Context, document: Document) -> dict[str, Any] | None:
    """The customer, if it has every field of the change."""
    answer = _record(context.fortnox, path("customers", _customer_number(context, document)))
    wanted = bodies.customer_change(document)["Customer"]
    has = (answer or {}).get("Customer", {})
    return answer if all(str(has.get(name) or "") == str(value) for name, value in wanted.items()) else None


def _record(fortnox: Fortnox, record: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = fortnox.get(record, params)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return answer


def _number(context: Context, document_id: str) -> str:
    number = history.progress(context.journal, [document_id])[document_id].number
    if number is None:
        raise LookupError(f"{document_id} has no number in Fortnox yet")
    return number


def _customer_number(context: Context, document: Document) -> str:
    number = history.customer_number(context.journal, document.content["customer"])
    if number is None:
        raise LookupError(f"{document.content['customer']} has no number in Fortnox yet")
    return number


def _year_id(context: Context, document: Document) -> int:
    year = context.company.year(document.booked_on)
    if year is None:
        raise LookupError(f"no financial year for {document.document_id}")
    return year.id


def _money(record: Mapping[str, Any], *names: str) -> Decimal:
    """The first of these fields that the record has."""
    return next((value for name in names if (value := as_decimal(record.get(name))) is not None), Decimal(0))
