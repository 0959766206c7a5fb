"""The PDFs of invoices and credit notes, which whoever has the link may open: without a key, from this very host."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

_STRIPE = "https://pay.stripe.com"
_LINKS = ("invoice_pdf", "pdf")
_KINDS = {"in": "invoice", "cn": "credit_note"}


def linked_here(thing: StripeObject, request: Request) -> StripeObject:
    """The object with the links to its PDF leading to this server, as Stripe's lead to Stripe."""
    here = str(request.base_url).rstrip("/")
    moved = {name: thing[name].replace(_STRIPE, here) for name in _LINKS if isinstance(thing.get(name), str)}
    return {**thing, **moved}


def pdf(world: Account, request: Request) -> Response:
    """The PDF behind a link: one line that names what was issued."""
    id = request.path_params["id"]
    kind = _KINDS.get(id.partition("_")[0])
    issued = world.find(kind, id) if kind else None
    if issued is None or request.path_params["account"] != world.account["id"]:
        return PlainTextResponse("This link has expired.", 404)
    body = f"%PDF-1.4\n% {id} {issued['number']}\n%%EOF\n".encode()
    return Response(body, media_type="application/pdf")
