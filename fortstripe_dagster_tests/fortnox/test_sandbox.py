"""The client against the strict stand-in: a sale walked from customer to general ledger, and the stand-in's faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fortstripe_dagster.fortnox import (
    Article,
    ClientCredentials,
    Currency,
    Customer,
    Fortnox,
    InDoubt,
    Invoice,
    InvoicePayment,
    InvoiceRow,
    Limiter,
    ModeOfPayment,
    RefreshTokens,
    Refused,
    Retries,
    Unauthorized,
    Voucher,
    VoucherFileConnection,
    VoucherRow,
    VoucherSeries,
    WriteOff,
    changes,
    path,
    sie,
)
from fortstripe_dagster.fortnox.token_file import Tokens, load, save
from fortstripe_dagster.fortnox.values import as_decimal, as_reference
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import Call, Faults, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.servers import DroppedConnection, serve

D = Decimal
DAY = date(2026, 3, 14)
YEAR = 2
UNLIMITED = RateLimit(requests=10**9)


class Company:
    """A stand-in that runs, and a client that is connected to it."""

    def __init__(self, app: Any, books: Books, url: str) -> None:
        self.app, self.books, self.url = app, books, url
        self.client = self.connect()

    def connect(self, **changed: Any) -> Fortnox:
        login = ClientCredentials(self.url, "sandbox", "sandbox-secret", str(self.books.company.tenant_id))
        usual: dict[str, Any] = {
            "auth": login,
            "limiter": Limiter(interval=0, per_window=10**6),
            "retries": Retries(tries=3, first=0.01, throttled=0.05),
        }
        return Fortnox(api_base=self.url, **{**usual, **changed})


@pytest.fixture
def company() -> Iterator[Callable[..., Company]]:
    with ExitStack() as running:

        def start(**choices: Any) -> Company:
            books = Books()
            app = fortnox_app(books, **{"limit": UNLIMITED, **choices})
            return Company(app, books, running.enter_context(serve(app)).url)

        yield start


def an_invoice(number: str = "cus_1", reference: str = "in_1") -> Invoice:
    return Invoice(
        customer_number=number,
        invoice_date=DAY,
        vat_included=True,
        external_invoice_reference1=reference,
        administration_fee=D(0),
        freight=D(0),
        invoice_rows=(
            InvoiceRow(
                description="Tröja “Blå” 🎉", delivered_quantity=D(1), price=D("218.75"), vat=D(25), account_number=3001
            ),
        ),
    )


def test_a_sale_from_customer_to_general_ledger(company: Callable[..., Company]) -> None:
    """218.75 with rounding to whole kronor: 219.00 receivable, 218.75 paid, 0.25 written off, nothing left."""
    running = company()
    fortnox = running.client
    fortnox.post("/3/customers", Customer(name='Anna "Ann" <3', customer_number="cus_1", country_code="SE").body())
    invoice = fortnox.post("/3/invoices", an_invoice().body())["Invoice"]
    assert (as_decimal(invoice["Total"]), as_decimal(invoice["RoundOff"])) == (D(219), D("0.25"))
    assert invoice["InvoiceRows"][0]["Description"] == "Tröja ’Blå’"
    assert as_reference(invoice["CreditInvoiceReference"]) is None
    number = invoice["DocumentNumber"]

    fortnox.put(path("invoices", number, "bookkeep"))
    payment = InvoicePayment(
        invoice_number=int(number),
        payment_date=DAY,
        amount=D("218.75"),
        mode_of_payment="STRIPE",
        mode_of_payment_account=1686,
        write_offs=(WriteOff(amount=D("0.25"), account_number=3740),),
    )
    paid = fortnox.post("/3/invoicepayments", payment.body())["InvoicePayment"]
    fortnox.put(path("invoicepayments", paid["Number"], "bookkeep"))

    read = sie.parse(fortnox.sie(4, YEAR))
    moved = {account: amount for (year, account), amount in (read.closing | read.results).items() if year == 0}
    assert {account: amount for account, amount in moved.items() if amount} == {
        1686: D("218.75"),
        2611: D("-43.75"),
        3001: D("-175.00"),
    }
    assert fortnox.requests == {
        ("POST", "customers"): 1,
        ("POST", "invoices"): 1,
        ("PUT", "invoices/*/bookkeep"): 1,
        ("POST", "invoicepayments"): 1,
        ("PUT", "invoicepayments/*/bookkeep"): 1,
        ("GET", "sie/4"): 1,
    }


def test_a_voucher_with_its_specification_attached(company: Callable[..., Company]) -> None:
    running = company()
    fortnox = running.client
    fortnox.post("/3/voucherseries", VoucherSeries(code="T", description="Stripe", manual=True).body())
    voucher = Voucher(
        description="Stripe avgifter 2026-03-14 SEK",
        voucher_series="T",
        transaction_date=DAY,
        comments="fortstripe:voucher:2026-03-14:SEK:fees",
        voucher_rows=(
            VoucherRow(account=6570, debit=D("12.30"), transaction_information="ch_1 – avgift"),
            VoucherRow(account=1686, credit=D("12.30")),
        ),
    )
    made = fortnox.post("/3/vouchers", voucher.body(), {"financialyear": YEAR})["Voucher"]
    file = fortnox.upload("/3/inbox", "specifikation åäö.csv", b"id;belopp\n", {"path": "inbox_v"}, "text/csv")["File"]
    tie = VoucherFileConnection(file_id=file["Id"], voucher_number=str(made["VoucherNumber"]), voucher_series="T")
    fortnox.post("/3/voucherfileconnections", tie.body(), {"financialyeardate": "2026-01-01"})

    found = fortnox.find(
        "/3/vouchers", "Vouchers", "Comments", "fortstripe:voucher:2026-03-14:SEK:fees", {"financialyear": YEAR}
    )
    assert [(item["VoucherSeries"], item["VoucherNumber"]) for item in found] == [("T", 1)]

    (read,) = sie.parse(fortnox.sie(4, YEAR)).vouchers
    assert (read.series, read.number, read.date, read.text) == ("T", 1, DAY, "Stripe avgifter 2026-03-14 SEK")
    assert [(row.account, row.amount) for row in read.transactions] == [(6570, D("12.30")), (1686, D("-12.30"))]


def test_the_sie_file_is_the_general_ledger(company: Callable[..., Company]) -> None:
    running = company()
    for number in range(1, 30):
        rows = (VoucherRow(account=1686, debit=D(number) / 100), VoucherRow(account=3001, credit=D(number) / 100))
        body = Voucher(description=f"Å {number}", voucher_series="S", transaction_date=DAY, voucher_rows=rows).body()
        running.client.post("/3/vouchers", body, {"financialyear": YEAR})
    read = sie.parse(running.client.sie(4, YEAR))
    assert read.company == running.books.company.name
    assert len(read.vouchers) == 29
    summed: dict[int, Decimal] = {}
    for voucher in read.vouchers:
        for row in voucher.transactions:
            summed[row.account] = summed.get(row.account, D(0)) + row.amount
    assert summed == {account: amount for account, amount in running.books.general_ledger().items() if amount}


def test_the_other_records_are_taken(company: Callable[..., Company]) -> None:
    fortnox = company().client
    fortnox.post("/3/articles", Article(description="Tröja", article_number="prod_1", type="SERVICE").body())
    fortnox.post("/3/currencies", Currency(code="CHF", description="Schweizerfranc", buy_rate=D("11.8")).body())
    mode = ModeOfPayment(code="STRIPE2", account_number="1686", description="Stripe")
    fortnox.post("/3/modesofpayments", mode.body())
    modes = fortnox.pages("/3/modesofpayments", "ModesOfPayments")
    assert "STRIPE2" in [item["Code"] for item in modes]
    assert fortnox.get(path("articles", "prod_1"))["Article"]["Description"] == "Tröja"
    assert fortnox.get(path("currencies", "CHF"))["Currency"]["BuyRate"] == D("11.8")


def test_only_what_differs_is_changed_and_what_is_gone_is_cleared(company: Callable[..., Company]) -> None:
    fortnox = company().client
    before = Customer(name="Anna", customer_number="cus_1", city="Lund", comments="ring", phone1="1")
    after = Customer(name="Anna", customer_number="cus_1", city="Malmö", phone1="1")
    fortnox.post("/3/customers", before.body())
    fortnox.put(path("customers", "cus_1"), changes(before, after))
    now = fortnox.get(path("customers", "cus_1"))["Customer"]
    assert (now["City"], now["Comments"] or "", now["Phone1"]) == ("Malmö", "", "1")


def test_all_pages_and_only_what_is_equal(company: Callable[..., Company]) -> None:
    fortnox = company().client
    for number in range(1, 13):
        fortnox.post("/3/customers", Customer(name=f"Kund {number}", customer_number=f"c_{number}").body())
    listed = list(fortnox.pages("/3/customers", "Customers", {"limit": 5}))
    assert {item["CustomerNumber"] for item in listed} == {f"c_{number}" for number in range(1, 13)}
    assert fortnox.requests["GET", "customers"] == 3
    found = fortnox.find("/3/customers", "Customers", "Name", "Kund 1", {"name": "Kund 1"})
    assert [item["CustomerNumber"] for item in found] == ["c_1"]


def test_a_refusal_holds_its_code_and_remedy(company: Callable[..., Company]) -> None:
    fortnox = company().client
    with pytest.raises(Refused) as missing:
        fortnox.get(path("invoices", 999))
    assert (missing.value.status, missing.value.code) == (404, 2000434)
    with pytest.raises(Refused) as unknown:
        fortnox.post("/3/invoices", {"Invoice": {"CustomerNumber": "1", "Booked": True}})
    assert unknown.value.code == 2001399 and unknown.value.remedy is not None
    with pytest.raises(Refused) as illegal:
        fortnox.post("/3/customers", {"Customer": {"Name": 'A "B"'}})
    assert illegal.value.code == 2000359


def test_tokens_that_fortnox_ends_early_are_renewed(company: Callable[..., Company]) -> None:
    running = company()
    running.client.get("/3/companyinformation")
    running.app.tokens.expire_all()
    running.client.post("/3/customers", Customer(name="Anna").body())
    assert len(running.books.customers.register.records) == 1


def test_refresh_tokens_work_once_and_are_rotated(company: Callable[..., Company], tmp_path: Path) -> None:
    running = company()
    file = tmp_path / "tokens.json"
    first = running.app.tokens.new_refresh_token()
    save(file, Tokens("none", first, 0.0))
    fortnox = running.connect(auth=RefreshTokens(running.url, "sandbox", "sandbox-secret", file))
    fortnox.get("/3/companyinformation")
    rotated = load(file)
    assert rotated is not None and rotated.refresh_token != first
    running.app.tokens.expire_all()
    fortnox.get("/3/companyinformation")

    save(file, Tokens("none", first, 0.0))
    with pytest.raises(Unauthorized, match="invalid_grant"):
        running.connect(auth=RefreshTokens(running.url, "sandbox", "sandbox-secret", file)).get("/3/customers")


def test_a_wrong_tenant_or_secret_is_unauthorized(company: Callable[..., Company]) -> None:
    running = company()
    for secret, tenant in (("wrong", str(running.books.company.tenant_id)), ("sandbox-secret", "1")):
        with pytest.raises(Unauthorized):
            running.connect(auth=ClientCredentials(running.url, "sandbox", secret, tenant)).get("/3/customers")


def test_429_is_met_and_left_behind(company: Callable[..., Company]) -> None:
    """Without a pace of its own the client runs into the limit; nothing is lost, nothing is done twice."""
    running = company(limit=RateLimit(requests=5, seconds=0.3))
    patient = running.connect(retries=Retries(tries=6, throttled=0.2))
    for number in range(12):
        patient.post("/3/customers", Customer(name=f"Kund {number}").body())
    assert len(running.books.customers.register.records) == 12
    assert any(call.status == 429 for call in running.app.calls)


def test_our_own_pace_does_not_meet_429(company: Callable[..., Company]) -> None:
    running = company(limit=RateLimit(requests=25, seconds=1.0))
    paced = running.connect(limiter=Limiter(interval=0, window=1.0, per_window=15))
    for _ in range(40):
        paced.get("/3/customers", {"limit": 1})
    assert [call.status for call in running.app.calls if call.path.startswith("/3/")] == [200] * 40


def test_any_name_and_text_is_taken(company: Callable[..., Company]) -> None:
    fortnox = company().client

    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=30), st.text(max_size=60))
    def taken(name: str, comments: str) -> None:
        fortnox.post("/3/customers", Customer(name=name, address1=name, comments=comments).body())

    taken()


def test_a_lost_answer_is_in_doubt_and_the_write_stands(company: Callable[..., Company]) -> None:
    def writes(call: Call) -> bool:
        return call.writes

    running = company(faults=Faults(lose_answer=writes))
    with pytest.raises(InDoubt):
        running.client.post("/3/customers", Customer(name="Anna", customer_number="cus_1").body())
    assert len(running.books.customers.register.records) == 1
    assert running.client.requests["POST", "customers"] == 1
    assert running.client.get(path("customers", "cus_1"))["Customer"]["Name"] == "Anna"


def test_a_connection_dropped_before_the_books_is_in_doubt_too(company: Callable[..., Company]) -> None:
    running = company()
    running.client.get("/3/companyinformation")
    running.app.faults.answer = lambda call: DroppedConnection()
    with pytest.raises(InDoubt):
        running.client.post("/3/customers", Customer(name="Anna").body())
    assert len(running.books.customers.register.records) == 0
