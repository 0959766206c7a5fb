"""The Fortnox stand-in over HTTP: the REST API below /3, the token endpoints, and a page on / that shows what arrived.

`fortnox_app` makes an ASGI application of a company's books; serve it with `sandbox.servers.serve`.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox.api_attachments import attachment_routes
from fortstripe_dagster.sandbox.fortnox.api_ledger import ledger_routes
from fortstripe_dagster.sandbox.fortnox.api_registers import register_routes
from fortstripe_dagster.sandbox.fortnox.api_sales import sales_routes
from fortstripe_dagster.sandbox.fortnox.api_warehouse import warehouse_routes
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import Faults, Gateway, RateLimit
from fortstripe_dagster.sandbox.fortnox.oauth import SCOPES, Tokens
from fortstripe_dagster.sandbox.fortnox.page import books_page


def fortnox_app(
    books: Books,
    *,
    client_id: str = "sandbox",
    client_secret: str = "sandbox-secret",
    scopes: frozenset[str] = SCOPES,
    token_lifetime: float = 3600,
    limit: RateLimit | None = None,
    faults: Faults | None = None,
) -> Gateway:
    """The stand-in for one company. The tenant is the company's `tenant_id`.

    `scopes` are those the company has consented to. The returned application also carries `calls` (every request so
    far), `tokens` (to expire or hand out tokens) and `faults` (to make things go wrong).
    """
    faults = faults or Faults()
    tokens = Tokens(client_id, client_secret, books.company.tenant_id, scopes, lifetime=token_lifetime)

    async def token(request: Request) -> Response:
        return tokens.token(request.headers, await request.body())

    async def revoke(request: Request) -> Response:
        return tokens.revoke(request.headers, await request.body())

    async def authorise(request: Request) -> Response:
        return tokens.authorise(request.query_params)

    async def page(request: Request) -> Response:
        return HTMLResponse(books_page(books))

    api = Starlette(
        routes=[
            Route("/", page),
            Route("/oauth-v1/auth", authorise),
            Route("/oauth-v1/token", token, methods=["POST"]),
            Route("/oauth-v1/revoke", revoke, methods=["POST"]),
            *attachment_routes(books, faults),
            *sales_routes(books, faults),
            *ledger_routes(books, faults),
            *register_routes(books, faults),
            *warehouse_routes(books, faults),
        ]
    )
    return Gateway(api, tokens, limit or RateLimit(), faults)
