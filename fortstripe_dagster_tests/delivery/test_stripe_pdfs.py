"""Stripe's own PDF of an invoice or credit note, fetched from Stripe and attached to the invoice in Fortnox, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.papers import PDF
from fortstripe_dagster.delivery.sending import fetching
from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES
from fortstripe_dagster_tests.delivery.house import FIRST, House, house
from fortstripe_dagster_tests.sandbox.stripe_client import unlimited
from fortstripe_dagster_tests.sandbox.worlds import march

Fault = Callable[[Request], Response | None]


class Stripe:
    """A Stripe with one invoice and a credit note of it; `fault` answers in its place, `asked` are the paths."""

    def __init__(self) -> None:
        world = World()
        self.world = world
        self.fault: Fault = lambda request: None
        self.asked: list[tuple[str, bool]] = []
        customer = world.customer(at=march(1))
        made = world.invoice(at=march(2), customer=customer, lines=[Line(description="Plan", unit_amount=12500)])
        self.invoice = made["id"]
        self.note = world.credit_note(made, at=march(2))["id"]

    def answered(self, request: Request) -> Response | None:
        self.asked.append((request.url.path, "authorization" in request.headers))
        return self.fault(request)


@pytest.fixture(scope="module")
def stripe_and_url() -> Iterator[tuple[Stripe, str]]:
    stripe = Stripe()
    with serve(stripe_app(stripe.world, rate_limits=unlimited(), fault=stripe.answered)) as server:
        yield stripe, server.url


@pytest.fixture
def stripe(stripe_and_url: tuple[Stripe, str]) -> Stripe:
    stripe, _ = stripe_and_url
    stripe.asked.clear()
    stripe.fault = lambda request: None
    return stripe


@pytest.fixture
def shop(tmp_path: Path, stripe: Stripe, stripe_and_url: tuple[Stripe, str]) -> Iterator[House]:
    with house(
        tmp_path, stripe_pdfs="invoices", STRIPE_API_BASE=stripe_and_url[1], fortnox={"settle_seconds": 0}
    ) as home:
        home.sale(stripe.invoice, 12500, number="ABC-1")
        home.payment("txn_1", stripe.invoice, 12500)
        yield home


def attached(home: House) -> list[tuple[int, str]]:
    """The invoice in Fortnox and the text of the PDF of each attachment."""
    files = home.books.files
    return sorted((tie.entity_id, files.all[tie.file_id].content.decode()[:40]) for tie in files.attachments)


def test_the_pdf_is_attached_to_the_invoice_once_and_the_key_goes_to_the_api_alone(shop: House, stripe: Stripe) -> None:
    report = shop.deliver()
    assert report.exit_code == 0, report.text()
    ((number, content),) = attached(shop)
    assert number == 1 and content.startswith("%PDF-1.4") and stripe.invoice in content
    ((path, with_key), (link, key_in_link)) = stripe.asked
    assert (path, with_key) == (f"/v1/invoices/{stripe.invoice}", True)
    assert link.endswith("/pdf") and not key_in_link
    assert shop.deliver().nothing_to_do and len(stripe.asked) == 2
    assert not any(b"/pdf" in row["body"].encode() for row in shop.journal().rows("SELECT body FROM intents") if row[0])


def test_so_is_that_of_a_credit_note(shop: House, stripe: Stripe) -> None:
    shop.credit(stripe.note, stripe.invoice, 2500)
    assert shop.deliver().exit_code == 0
    assert [(number, stripe.note in content) for number, content in attached(shop)] == [(1, False), (2, True)]


def test_charges_without_an_invoice_have_none_and_stripe_is_not_asked(shop: House, stripe: Stripe) -> None:
    shop.deliver()
    stripe.asked.clear()
    shop.sale("ch_9", 5000)
    assert shop.deliver().exit_code == 0 and stripe.asked == [] and len(attached(shop)) == 1


def test_with_the_setting_off_stripe_is_not_asked_and_later_it_is_made_up_for(shop: House, stripe: Stripe) -> None:
    assert shop.deliver(stripe_pdfs="off").exit_code == 0
    assert stripe.asked == []
    assert dict(shop.deliver().written) == {"specification.create": 1, "specification.connect": 1}


def page(status: int = 200, kind: str = PDF, body: bytes = b"%PDF-1.4") -> Callable[[], Response]:
    return lambda: Response(body, status, media_type=kind)


def test_a_link_that_fails_holds_the_pdf_and_never_the_books(shop: House, stripe: Stripe) -> None:
    stripe.fault = lambda request: page(404)() if request.url.path.endswith("/pdf") else None
    report = shop.deliver()
    assert report.exit_code == HELD
    (item,) = report.held
    assert "answers 404" in item.reason and item.document_id == f"stripe_pdf:invoice:{stripe.invoice}"
    assert shop.accounts()["1686"] == "125.00" and attached(shop) == []
    stripe.fault = lambda request: None
    assert shop.deliver().exit_code == 0 and len(attached(shop)) == 1


def test_one_that_can_never_be_had_is_told_and_waits_for_nobody(shop: House, stripe: Stripe) -> None:
    stripe.fault = lambda request: JSONResponse({"id": stripe.invoice, "invoice_pdf": None})
    report = shop.deliver()
    assert report.exit_code == 0 and "Stripe has no PDF" in report.findings[0]


class TestFetching:
    """What a link leads to: these ask Stripe alone."""

    @pytest.fixture
    def fetch(self, tmp_path: Path, stripe: Stripe, stripe_and_url: tuple[Stripe, str]) -> Callable[[], bytes]:
        settings = Settings(**{**CHOICES, "home": tmp_path, "STRIPE_API_BASE": stripe_and_url[1]})
        attached = Document("stripe_pdf:invoice:in_1", "specification", FIRST, "", content={"paper": stripe.invoice})
        return lambda: fetching.fetch(attached, settings)

    @pytest.mark.parametrize(
        "answer, said",
        [
            (page(503), "answers 503"),
            (page(kind="text/html"), "text/html instead of a PDF"),
            (page(body=b"<html>"), "is no PDF"),
            (lambda: RedirectResponse("/x/y/z/pdf"), "on and on"),
            (lambda: RedirectResponse("https://evil.example/x"), "evil.example, which is not Stripe's"),
            (page(body=b"%PDF-" + b"x" * 100_000), "larger than"),
        ],
    )
    def test_nothing_but_a_pdf_of_stripes_is_taken(
        self, stripe: Stripe, fetch: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch,
        answer: Callable[[], Response], said: str,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)
        stripe.fault = lambda request: answer() if request.url.path.endswith("/pdf") else None
        with pytest.raises(fetching.NoPaper, match=said):
            fetch()

    @pytest.mark.parametrize(
        "link",
        ["https://example.com/in.pdf", "http://pay.stripe.com/in.pdf", "https://pay.stripe.com.evil.se/x",
         "file:///etc/passwd", "https://pay.stripe.com@evil.se/x", "https://stripe.com:8443/x"],
    )  # fmt: skip
    def test_no_other_host_is_ever_asked(self, stripe: Stripe, fetch: Callable[[], bytes], link: str) -> None:
        stripe.fault = lambda request: JSONResponse({"id": stripe.invoice, "invoice_pdf": link})
        with pytest.raises(fetching.NoPaper, match="is not Stripe's") as missing:
            fetch()
        assert missing.value.lasting and len(stripe.asked) == 1

    def test_a_redirect_within_stripe_is_followed(self, stripe: Stripe, fetch: Callable[[], bytes]) -> None:
        def moved(request: Request) -> Response | None:
            if request.url.path == "/moved":
                return page()()
            return RedirectResponse("/moved") if request.url.path.endswith("/pdf") else None

        stripe.fault = moved
        assert fetch() == b"%PDF-1.4"


def test_stripe_that_refuses_is_asked_once_and_not_for_each_invoice(shop: House, stripe: Stripe) -> None:
    shop.sale("in_other", 5000)
    stripe.fault = lambda request: JSONResponse({"error": {"message": "no permission"}}, 403)
    report = shop.deliver()
    assert report.exit_code == HELD and len(report.held) == 2 and len(stripe.asked) == 1
    assert 'stripe_pdfs = "off"' in report.held[0].remedy and "rk_test" not in report.text()


@pytest.mark.parametrize("path", ["/3/inbox", "/api/fileattachments/attachments-v1"])
def test_a_lost_answer_attaches_it_once(shop: House, path: str) -> None:
    lost: list[str] = []

    def first(call: object) -> bool:
        hit = call.path == path and call.writes and not lost  # type: ignore[attr-defined]
        lost.extend([path] * hit)
        return bool(hit)

    shop.gateway.faults.lose_answer = first
    assert shop.deliver().exit_code == 0 and lost
    assert len(attached(shop)) == len(shop.books.files.all) == 1


def test_a_lost_journal_knows_again_what_is_attached(shop: House) -> None:
    every: dict[str, Any] = {"attachments": "all"}
    shop.deliver(**every)
    for file in shop.settings.home.glob("journal.sqlite*"):
        file.unlink()
    settings = shop.settings.model_copy(update=every)
    delivery.adopt(settings, shop.warehouse, fortnox=shop.client(), progress=shop.said.append)
    assert shop.deliver(**every).nothing_to_do and len(attached(shop)) == 2
