"""What every endpoint is built from: one request with its books, and the route that turns refusals into answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear
from fortstripe_dagster.sandbox.fortnox.document_views import DocumentViews
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.ledger_views import LedgerViews
from fortstripe_dagster.sandbox.fortnox.lists import Listing, check_parameters, seen_until
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.schema import Fields, checked, parse_date
from fortstripe_dagster.sandbox.fortnox.wire import error_response, json_response, unwrapped

T = TypeVar("T")

YEAR_PARAMETERS = frozenset({"financialyear", "financialyeardate"})


@dataclass(frozen=True)
class Exchange:
    """One request to the API: what it asks, and the books it asks it of."""

    books: Books
    faults: Faults
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str

    @property
    def documents(self) -> DocumentViews:
        """Renders customers, invoices and payments."""
        return DocumentViews(self.books, self.base)

    @property
    def ledger(self) -> LedgerViews:
        """Renders vouchers, accounts, series, years and files."""
        return LedgerViews(self.books, self.base)

    def expect_parameters(self, known: frozenset[str] = frozenset()) -> None:
        """Refuses query parameters beyond the known ones."""
        check_parameters(self.query, known)

    def expect_no_body(self) -> None:
        """Refuses a body where an action takes none."""
        if self.body:
            raise Refusal(refusals.WRONG_BODY)

    def sent(self, entity: str, *, creating: bool) -> Fields:
        """The document in the body, checked and converted."""
        return checked(entity, unwrapped(self.body, entity), creating=creating)

    def number(self, name: str, missing: int) -> int:
        """A number in the path; what is no number does not exist."""
        text = self.path[name]
        if not (text.isascii() and text.isdigit()):
            raise not_found(missing)
        return int(text)

    def year(self) -> FinancialYear:
        """The financial year the request names, by id or by a date in it; the preselected one if it names none."""
        ledger = self.books.ledger
        if "financialyear" in self.query:
            text = self.query["financialyear"]
            if not text.isdigit() or int(text) not in ledger.years:
                raise Refusal(refusals.NO_FINANCIAL_YEAR, text)
            return ledger.years[int(text)]
        if "financialyeardate" in self.query:
            return ledger.required_year_of(parse_date(self.query["financialyeardate"]))
        return ledger.preselected_year()

    def listed(self, wrapper: str, listing: Listing[T], items: Sequence[T], view: Callable[[T], Fields]) -> Response:
        """A page of a list."""
        until = seen_until(self.books.clock(), self.faults.list_lag)
        found, meta = listing.page(items, self.query, until)
        return json_response({"MetaInformation": meta, wrapper: [view(item) for item in found]})


Handler = Callable[[Exchange], Response]


def route(books: Books, faults: Faults, path: str, root: str = "/3/", /, **handlers: Handler) -> Route:
    """A route below `root` that answers each method (get, post, put, delete) with its handler."""

    async def answer(request: Request) -> Response:
        exchange = Exchange(
            books,
            faults,
            {name: str(value) for name, value in request.path_params.items()},
            dict(request.query_params),
            request.headers,
            await request.body(),
            str(request.base_url) + "3",
        )
        try:
            return handlers[request.method.lower()](exchange)
        except Refusal as refusal:
            return error_response(refusal)

    return Route(f"{root}{path}", answer, methods=[method.upper() for method in handlers])
