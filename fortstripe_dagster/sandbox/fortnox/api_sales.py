"""Endpoints of the sales side: customers, articles, invoices with their actions, and invoice payments."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.endpoint import Exchange, Handler, route
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.invoices import Invoice
from fortstripe_dagster.sandbox.fortnox.lists import Listing
from fortstripe_dagster.sandbox.fortnox.payments import Payment
from fortstripe_dagster.sandbox.fortnox.registers import Record
from fortstripe_dagster.sandbox.fortnox.wire import json_response

# Customers


def by_number(text: str) -> tuple[int, int, str]:
    """Sorts numbers by value before everything else by text."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


_CUSTOMERS: Listing[Record] = Listing(
    modified=lambda c: c.modified,
    created=lambda c: c.created,
    search={
        "customernumber": lambda c: c.key,
        "name": lambda c: c["Name"],
        "zipcode": lambda c: c["ZipCode"],
        "city": lambda c: c["City"],
        "email": lambda c: c["Email"],
        "phone": lambda c: c["Phone1"],
        "organisationnumber": lambda c: c["OrganisationNumber"],
        "gln": lambda c: c["GLN"],
        "glndelivery": lambda c: c["GLNDelivery"],
    },
    choices={"active": lambda c: c["Active"] is not False, "inactive": lambda c: c["Active"] is False},
    sort={"customernumber": lambda c: by_number(c.key), "name": lambda c: c["Name"].casefold()},
)


def _list_customers(x: Exchange) -> Response:
    customers = sorted(x.books.customers.register.records.values(), key=lambda c: by_number(c.key))
    return x.listed("Customers", _CUSTOMERS, customers, x.documents.customer_item)


def _customer(x: Exchange) -> Response:
    x.expect_parameters()
    return json_response({"Customer": x.documents.customer(x.books.customers.get(x.path["number"]))})


def _create_customer(x: Exchange) -> Response:
    x.expect_parameters()
    created = x.books.customers.create(x.sent("Customer", creating=True))
    return json_response({"Customer": x.documents.customer(created)}, 201)


def _update_customer(x: Exchange) -> Response:
    x.expect_parameters()
    x.books.customers.get(x.path["number"])
    changed = x.books.customers.update(x.path["number"], x.sent("Customer", creating=False))
    return json_response({"Customer": x.documents.customer(changed)})


def _delete_customer(x: Exchange) -> Response:
    x.books.delete_customer(x.path["number"])
    return Response(status_code=204)


# Articles

_ARTICLES: Listing[Record] = Listing(
    modified=lambda a: a.modified,
    created=lambda a: a.created,
    search={
        "articlenumber": lambda a: a.key,
        "description": lambda a: a["Description"],
        "ean": lambda a: a["EAN"],
        "suppliernumber": lambda a: a["SupplierNumber"],
        "manufacturer": lambda a: a["Manufacturer"],
        "manufacturerarticlenumber": lambda a: a["ManufacturerArticleNumber"],
        "webshop": lambda a: "true" if a["WebshopArticle"] else "false",
    },
    choices={"active": lambda a: a["Active"] is not False, "inactive": lambda a: a["Active"] is False},
    sort={"articlenumber": lambda a: by_number(a.key), "quantityinstock": lambda a: a["QuantityInStock"] or Decimal(0)},
)
_ARTICLE_ITEM = ("Description", "EAN", "Housework", "QuantityInStock", "StockPlace", "Unit", "WebshopArticle")


def _list_articles(x: Exchange) -> Response:
    def item(article: Record) -> dict[str, object]:
        shown = {name: article[name] for name in _ARTICLE_ITEM}
        return x.documents.record("articles", Record(article.key, shown, article.created, article.modified)) | {
            "ArticleNumber": article.key
        }

    return x.listed("Articles", _ARTICLES, list(x.books.articles.records.values()), item)


def _article_answer(x: Exchange, article: Record, status: int = 200) -> Response:
    defaults = {
        "Active": True,
        "Type": "STOCK",
        "StockGoods": False,
        "VAT": 0,
        "QuantityInStock": 0,
        "SalesPrice": None,
    }
    return json_response({"Article": x.documents.record("articles", article, **defaults)}, status)


def _article(x: Exchange) -> Response:
    return _article_answer(x, x.books.articles.get(x.path["number"]))


def _create_article(x: Exchange) -> Response:
    return _article_answer(x, x.books.save_article(x.sent("Article", creating=True)), 201)


def _update_article(x: Exchange) -> Response:
    return _article_answer(x, x.books.save_article(x.sent("Article", creating=False), x.path["number"]))


def _delete_article(x: Exchange) -> Response:
    x.books.delete_article(x.path["number"])
    return Response(status_code=204)


# Invoices


def _header(name: str) -> Callable[[Invoice], object]:
    return lambda invoice: invoice.header.get(name, "")


def _truth(test: Callable[[Invoice], object]) -> Callable[[Invoice], str]:
    return lambda invoice: "true" if test(invoice) else "false"


def _invoices(today: date) -> Listing[Invoice]:
    return Listing(
        modified=lambda i: i.modified,
        created=lambda i: i.created,
        search={
            "costcenter": _header("CostCenter"),
            "customername": _header("CustomerName"),
            "customernumber": lambda i: i.customer.key,
            "label": lambda i: ",".join(str(label["Id"]) for label in i.header.get("Labels", [])),
            "documentnumber": lambda i: i.number,
            "notcompleted": _truth(lambda i: i.header.get("NotCompleted")),
            "ocr": _header("OCR"),
            "ourreference": _header("OurReference"),
            "project": _header("Project"),
            "sent": _truth(lambda i: i.sent),
            "externalinvoicereference1": _header("ExternalInvoiceReference1"),
            "externalinvoicereference2": _header("ExternalInvoiceReference2"),
            "yourreference": _header("YourReference"),
            "invoicetype": _header("InvoiceType"),
            "articlenumber": lambda i: "\n".join(row.article_number for row in i.rows),
            "articledescription": lambda i: "\n".join(row.description for row in i.rows),
            "currency": lambda i: i.currency,
            "yourordernumber": _header("YourOrderNumber"),
            "credit": _truth(lambda i: i.is_credit),
        },
        choices={
            "cancelled": lambda i: i.cancelled,
            "fullypaid": lambda i: i.booked and i.balance == 0,
            "unpaid": lambda i: not i.cancelled and i.balance != 0,
            "unpaidoverdue": lambda i: not i.cancelled and i.balance != 0 and i.header["DueDate"] < today,
            "unbooked": lambda i: not i.booked and not i.cancelled,
        },
        sort={
            "customername": lambda i: i.header["CustomerName"].casefold(),
            "customernumber": lambda i: by_number(i.customer.key),
            "documentnumber": lambda i: i.number,
            "invoicedate": lambda i: i.day,
            "ocr": lambda i: str(i.header["OCR"]),
            "total": lambda i: i.sums.total,
        },
        day=lambda i: i.day,
        final_pay_day=lambda i: i.final_pay_date,
        also=frozenset({"financialyear", "financialyeardate", "accountnumberfrom", "accountnumberto"}),
    )


def _list_invoices(x: Exchange) -> Response:
    invoices = sorted(x.books.invoices.all.values(), key=lambda i: i.number)
    if {"financialyear", "financialyeardate"} & x.query.keys():
        invoices = [invoice for invoice in invoices if x.year().holds(invoice.day)]
    first, last = x.query.get("accountnumberfrom", "0000"), x.query.get("accountnumberto", "9999")
    if (first, last) != ("0000", "9999"):
        invoices = [i for i in invoices if any(first <= str(row.account) <= last for row in i.rows)]
    return x.listed("Invoices", _invoices(x.books.clock().date()), invoices, x.documents.invoice_item)


def _number(x: Exchange) -> int:
    return x.number("number", refusals.INVOICE_NOT_FOUND)


def _invoice(x: Exchange) -> Response:
    x.expect_parameters()
    return json_response({"Invoice": x.documents.invoice(x.books.invoices.get(_number(x)))})


def _create_invoice(x: Exchange) -> Response:
    x.expect_parameters()
    created = x.books.invoices.create(x.sent("Invoice", creating=True))
    return json_response({"Invoice": x.documents.invoice(created)}, 201)


def _update_invoice(x: Exchange) -> Response:
    x.expect_parameters()
    x.books.invoices.get(_number(x))
    changed = x.books.invoices.update(_number(x), x.sent("Invoice", creating=False))
    return json_response({"Invoice": x.documents.invoice(changed)})


def _action(act: Callable[[Books, int], Invoice]) -> Handler:
    def handler(x: Exchange) -> Response:
        x.expect_parameters()
        x.expect_no_body()
        return json_response({"Invoice": x.documents.invoice(act(x.books, _number(x)))})

    return handler


def _preview(x: Exchange) -> Response:
    x.books.invoices.get(_number(x))
    return _pdf()


def _print(x: Exchange) -> Response:
    x.books.invoices.mark_sent(_number(x))
    return _pdf()


def _print_reminder(x: Exchange) -> Response:
    x.books.invoices.remind(_number(x))
    return _pdf()


def _pdf() -> Response:
    return Response(b"%PDF-1.4\n%%EOF\n", media_type="application/pdf")


# Payments

_PAYMENTS: Listing[Payment] = Listing(
    modified=lambda p: p.modified,
    created=lambda p: p.created,
    search={"invoicenumber": lambda p: p.invoice},
    sort={"paymentdate": lambda p: p.day},
)


def _payment_number(x: Exchange) -> int:
    return x.number("number", refusals.NOT_FOUND)


def _payment(x: Exchange) -> Response:
    return json_response({"InvoicePayment": x.documents.payment(x.books.payments.get(_payment_number(x)))})


def _list_payments(x: Exchange) -> Response:
    return x.listed("InvoicePayments", _PAYMENTS, list(x.books.payments.all.values()), x.documents.payment_item)


def _create_payment(x: Exchange) -> Response:
    x.expect_parameters()
    created = x.books.payments.create(x.sent("InvoicePayment", creating=True))
    return json_response({"InvoicePayment": x.documents.payment(created)}, 201)


def _update_payment(x: Exchange) -> Response:
    x.books.payments.get(_payment_number(x))
    changed = x.books.payments.update(_payment_number(x), x.sent("InvoicePayment", creating=False))
    return json_response({"InvoicePayment": x.documents.payment(changed)})


def _bookkeep_payment(x: Exchange) -> Response:
    x.expect_parameters()
    x.expect_no_body()
    return json_response({"InvoicePayment": x.documents.payment(x.books.payments.bookkeep(_payment_number(x)))})


def _delete_payment(x: Exchange) -> Response:
    x.books.payments.delete(_payment_number(x))
    return Response(status_code=204)


def sales_routes(books: Books, faults: Faults) -> list[Route]:
    """The routes of this module."""
    actions: dict[str, Callable[[Books, int], Invoice]] = {
        "bookkeep": lambda b, n: b.invoices.bookkeep(n),
        "cancel": lambda b, n: b.invoices.cancel(n),
        "credit": lambda b, n: b.invoices.credit(n),
        "externalprint": lambda b, n: b.invoices.mark_sent(n),
        "warehouseready": lambda b, n: b.invoices.mark_ready(n),
    }
    return [
        route(books, faults, "customers", get=_list_customers, post=_create_customer),
        route(books, faults, "customers/{number:path}", get=_customer, put=_update_customer, delete=_delete_customer),
        route(books, faults, "articles", get=_list_articles, post=_create_article),
        route(books, faults, "articles/{number:path}", get=_article, put=_update_article, delete=_delete_article),
        route(books, faults, "invoices", get=_list_invoices, post=_create_invoice),
        route(books, faults, "invoices/{number}", get=_invoice, put=_update_invoice),
        *[route(books, faults, f"invoices/{{number}}/{name}", put=_action(act)) for name, act in actions.items()],
        # Sending and printing change the invoice although they are GET requests.
        *[
            route(books, faults, f"invoices/{{number}}/{name}", get=_action(actions["externalprint"]))
            for name in ("email", "einvoice", "eprint")
        ],
        route(books, faults, "invoices/{number}/print", get=_print),
        route(books, faults, "invoices/{number}/printreminder", get=_print_reminder),
        route(books, faults, "invoices/{number}/preview", get=_preview),
        route(books, faults, "invoicepayments", get=_list_payments, post=_create_payment),
        route(books, faults, "invoicepayments/{number}", get=_payment, put=_update_payment, delete=_delete_payment),
        route(books, faults, "invoicepayments/{number}/bookkeep", put=_bookkeep_payment),
    ]
