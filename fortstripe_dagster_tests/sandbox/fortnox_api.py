"""A plain HTTP client for tests of the Fortnox stand-in, and short ways to fill its books.

It knows nothing of our own client: what the stand-in answers is read as it is.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import requests
import simplejson
from starlette.types import ASGIApp, Receive, Scope, Send

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
YEAR_2026 = 2


class Stage:
    """An ASGI application that another one is put on: one running server serves every test its own books."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Api:
    """The stand-in with fresh books, logged in. Answers are parsed without float; an unexpected status fails."""

    def __init__(self, stage: Stage, url: str, company: Company | None = None, **app: Any) -> None:
        self.clock = Clock()
        self.books = Books(company, clock=self.clock)
        self.app: Gateway = fortnox_app(self.books, **({"limit": RateLimit(requests=10**9)} | app))
        stage.app = self.app
        self.url = url
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self.log_in()

    def log_in(self) -> None:
        """Gets a token by client credentials."""
        answer = self.token(grant_type="client_credentials")
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def token(self, tenant: int | None = None, secret: str = "sandbox-secret", **form: str) -> requests.Response:
        """One call of the token endpoint."""
        headers = {"TenantId": str(self.books.company.tenant_id if tenant is None else tenant)}
        return requests.post(
            f"{self.url}/oauth-v1/token", data=form, auth=("sandbox", secret), headers=headers, timeout=5
        )

    def send(self, method: str, path: str, body: object = None, **query: object) -> requests.Response:
        """One request below /3, whatever comes of it."""
        data = None if body is None else simplejson.dumps(body, use_decimal=True)
        headers = {} if body is None else {"Content-Type": "application/json"}
        params = {name: str(value) for name, value in query.items()}
        return self.session.request(
            method, f"{self.url}/3/{path}", params=params, data=data, headers=headers, timeout=5
        )

    def get(self, path: str, **query: object) -> Any:
        """The document or list of a GET that succeeds."""
        return parsed(self.send("GET", path, None, **query), 200)

    def post(self, path: str, body: object, **query: object) -> Any:
        """The document a POST created."""
        return only(parsed(self.send("POST", path, body, **query), 201))

    def put(self, path: str, body: object = None, **query: object) -> Any:
        """The document after a PUT."""
        return only(parsed(self.send("PUT", path, body, **query), 200))

    def refused(self, method: str, path: str, body: object = None, status: int = 400, **query: object) -> int:
        """The error code of a request that must be refused."""
        information = parsed(self.send(method, path, body, **query), status)["ErrorInformation"]
        return int(information.get("code", information.get("Code")))

    # Documents

    def customer(self, **fields: object) -> str:
        """Creates a customer; its number."""
        return str(self.post("customers", {"Customer": {"Name": "Anna Öberg", **fields}})["CustomerNumber"])

    def invoice(self, *rows: Mapping[str, object], **fields: object) -> Any:
        """Creates an invoice (for a new customer if none is named); without rows it is one of 100.00 net at 25 %."""
        fields.setdefault("CustomerNumber", self.customer() if "CustomerNumber" not in fields else None)
        return self.post("invoices", {"Invoice": {**fields, "InvoiceRows": list(rows) or [row(100)]}})

    def booked(self, *rows: Mapping[str, object], **fields: object) -> Any:
        """Creates an invoice and books it."""
        return self.put(f"invoices/{self.invoice(*rows, **fields)['DocumentNumber']}/bookkeep")

    def pay(self, invoice: object, amount: object, **fields: object) -> Any:
        """Registers and books a payment to 1686."""
        return self.put(f"invoicepayments/{self.payment(invoice, amount, **fields)['Number']}/bookkeep")

    def payment(self, invoice: object, amount: object, **fields: object) -> Any:
        """Registers a payment without booking it."""
        body = {"InvoiceNumber": invoice, "Amount": amount, "ModeOfPaymentAccount": 1686, **fields}
        return self.post("invoicepayments", {"InvoicePayment": body})

    def voucher(self, *rows: tuple[int, object, object], **fields: object) -> Any:
        """Posts a voucher in series S of 2026 with rows (account, debit, credit)."""
        return self.post("vouchers", voucher(*rows, **fields), financialyear=YEAR_2026)


def row(price: object, quantity: object = 1, vat: object = 25, **fields: object) -> dict[str, object]:
    """An invoice row on 3001."""
    return {
        "Description": "Prenumeration",
        "Price": price,
        "DeliveredQuantity": quantity,
        "VAT": vat,
        "AccountNumber": 3001,
        **fields,
    }


def voucher(*rows: tuple[int, object, object], **fields: object) -> dict[str, dict[str, object]]:
    """The body of a voucher with rows (account, debit, credit), zeros left out."""
    body: dict[str, object] = {"Description": "Stripe avgifter", "TransactionDate": "2026-03-14", "VoucherSeries": "S"}
    body["VoucherRows"] = [
        {"Account": account} | {name: amount for name, amount in (("Debit", debit), ("Credit", credit)) if amount}
        for account, debit, credit in rows or ((6570, 100, 0), (1686, 0, 100))
    ]
    return {"Voucher": {**body, **fields}}


def parsed(answer: requests.Response, status: int) -> Any:
    """The JSON of an answer that must have the status."""
    assert answer.status_code == status, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return simplejson.loads(answer.content, use_decimal=True)


def only(document: dict[str, Any]) -> Any:
    """What the single wrapper of an answer holds."""
    (content,) = document.values()
    return content


def ledger(api: Api) -> dict[int, Decimal]:
    """The general ledger without accounts that came out even."""
    return {account: balance for account, balance in api.books.general_ledger().items() if balance}
