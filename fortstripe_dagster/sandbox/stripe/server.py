"""Stripe over HTTP: a Starlette application that serves a World with Stripe's semantics and refusals, read-only.

What belongs here: routes and the order of checks. Filters are in `resources`, lists inside an object in `sublists`,
paging in `listing`, expansion in `expand`, keys, limits and versions in `gate`, the one thing to POST in `reports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from itertools import count

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.stripe import errors, papers
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.encoding import json_response
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal
from fortstripe_dagster.sandbox.stripe.expand import check_expand, expand
from fortstripe_dagster.sandbox.stripe.gate import RateLimits, api_version, check_key
from fortstripe_dagster.sandbox.stripe.listing import page, rows_page
from fortstripe_dagster.sandbox.stripe.query import Query, parse_query, texts
from fortstripe_dagster.sandbox.stripe.reports import PERMISSION as REPORT_PERMISSION
from fortstripe_dagster.sandbox.stripe.reports import Reports
from fortstripe_dagster.sandbox.stripe.resources import RESOURCES, Resource, expired
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, listing
from fortstripe_dagster.sandbox.stripe.sublists import SUBLISTS, Sublist

Fault = Callable[[Request], Response | None]

ACCOUNT_PERMISSION = "rak_accounts_kyc_basic_read"
BALANCE_PERMISSION = "rak_balance_read"


def stripe_app(
    world: Account,
    *,
    api_key: str = "rk_test_sandbox",
    forbidden: Collection[str] = (),
    rate_limits: RateLimits | None = None,
    latency: timedelta = timedelta(0),
    fault: Fault | None = None,
) -> Starlette:
    """Stripe's API over `world`, for one key.

    `forbidden` names permissions that the key lacks ("rak_invoice_read"). `rate_limits` defaults to Stripe's own.
    `fault` sees every request first: what it returns is sent instead of Stripe's answer.
    """
    endpoints = _Endpoints(world, api_key, frozenset(forbidden))
    limits = rate_limits or RateLimits()
    numbers = count(1)

    def served(template: str, answer: Callable[[Request], StripeObject | Response], *, takes: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            if fault and (broken := fault(request)):
                return broken
            if latency:
                await asyncio.sleep(latency.total_seconds())
            try:
                check_key(request, api_key)
                limits.admit(_endpoint(request, template))
                version = api_version(request)
                if request.method not in ("GET", takes):
                    raise endpoints.not_writable(request)
                request.state.form = (await request.body()).decode()
                answered = answer(request)
                response = answered if isinstance(answered, Response) else json_response(answered)
                response.headers["Stripe-Version"] = version
            except StripeRefusal as refusal:
                response = refusal.response()
            response.headers["Request-Id"] = f"req_{next(numbers):014d}"
            return response

        return Route(template, endpoint, methods=["GET", "POST", "DELETE"])

    async def paper(request: Request) -> Response:
        return (fault and fault(request)) or papers.pdf(world, request)

    return Starlette(
        routes=[
            served("/v1/account", endpoints.account),
            served("/v1/accounts/{id}", endpoints.account),
            served("/v1/balance", endpoints.balance),
            served("/v1/reporting/report_types", endpoints.report_types),
            served("/v1/reporting/report_types/{id}", endpoints.report_types),
            served("/v1/reporting/report_runs", endpoints.report_run, takes="POST"),
            served("/v1/reporting/report_runs/{id}", endpoints.report_run),
            served("/v1/files/{id}/contents", endpoints.file),
            *(
                route
                for collection in ("checkout/sessions", "{collection}")
                for route in (
                    served(f"/v1/{collection}", endpoints.collection),
                    served(f"/v1/{collection}/{{id}}", endpoints.retrieve),
                    served(f"/v1/{collection}/{{id}}/{{sublist}}", endpoints.sublist),
                    served(f"/v1/{collection}/{{id}}/{{sublist}}/{{row}}", endpoints.sublist_row),
                )
            ),
            Route("/{folder}/{account}/{id}/pdf", paper),
            served("/{anything:path}", endpoints.unknown),
        ]
    )


def _endpoint(request: Request, template: str) -> str:
    """What Stripe counts as one endpoint: /v1/charges, /v1/charges/{id}."""
    return template.replace("{collection}", request.path_params.get("collection", ""))


class _Endpoints:
    """The answers, once key, limits and version are settled."""

    def __init__(self, world: Account, api_key: str, forbidden: frozenset[str]) -> None:
        self._world = world
        self._api_key = api_key
        self._forbidden = forbidden
        self._reports = Reports(world)

    def collection(self, request: Request) -> StripeObject:
        resource = self._readable(request)
        query = parse_query(request.url.query)
        paths = self._expansions(resource.kind, query, in_list=True)
        things, has_more = page(self._world, resource, query)
        data = [expand(self._world, thing, paths) for thing in things]
        return listing(f"/v1/{resource.path}", data, has_more=has_more)

    def retrieve(self, request: Request) -> StripeObject:
        resource = self._readable(request)
        query = self._only_expand(request)
        paths = self._expansions(resource.kind, query, in_list=False)
        found = expand(self._world, self._object(resource, request.path_params["id"]), paths)
        return papers.linked_here(found, request)

    def sublist(self, request: Request) -> StripeObject:
        parent, sublist = self._sublist(request)
        query = parse_query(request.url.query)
        paths = self._expansions(sublist.kind, query, in_list=True)
        rows, has_more = rows_page(self._world, sublist.rows(self._world, parent), query, sublist)
        return listing(request.url.path, [expand(self._world, row, paths) for row in rows], has_more=has_more)

    def sublist_row(self, request: Request) -> StripeObject:
        parent, sublist = self._sublist(request)
        if not sublist.retrievable:
            raise errors.unknown_url(request.method, request.url.path)
        paths = self._expansions(sublist.kind, self._only_expand(request), in_list=False)
        for row in sublist.rows(self._world, parent):
            if row["id"] == request.path_params["row"]:
                return expand(self._world, row, paths)
        raise errors.missing(sublist.kind, request.path_params["row"])

    def report_types(self, request: Request) -> StripeObject:
        self._permit(REPORT_PERMISSION)
        name = request.path_params.get("id")
        return self._reports.type(name) if name else self._reports.types()

    def report_run(self, request: Request) -> StripeObject:
        self._permit(REPORT_PERMISSION)
        id = request.path_params.get("id")
        if request.method == "POST":
            return self._reports.run(parse_query(request.state.form))
        if id is None:
            raise errors.unknown_url(request.method, request.url.path)
        return self._reports.read(id)

    def file(self, request: Request) -> Response:
        self._permit(REPORT_PERMISSION)
        return Response(self._reports.file(request.path_params["id"]), media_type="text/csv")

    def account(self, request: Request) -> StripeObject:
        self._permit(ACCOUNT_PERMISSION)
        self._only_expand(request)
        wanted = str(request.path_params.get("id", self._world.account["id"]))
        if wanted != self._world.account["id"]:
            raise errors.missing("account", wanted)
        return self._world.account

    def balance(self, request: Request) -> StripeObject:
        self._permit(BALANCE_PERMISSION)
        self._only_expand(request)
        return self._world.balance()

    def unknown(self, request: Request) -> StripeObject:
        raise errors.unknown_url(request.method, request.url.path)

    def not_writable(self, request: Request) -> StripeRefusal:
        """A read-only key meets a write."""
        resource = self._resource(request)
        return errors.forbidden(
            self._api_key, self._world.account["id"], resource.permission.replace("_read", "_write")
        )

    def _resource(self, request: Request) -> Resource:
        first, *rest = request.url.path.removeprefix("/v1/").split("/")
        resource = RESOURCES.get("/".join([first, *rest[:1]])) or RESOURCES.get(first)
        if resource is None:
            raise errors.unknown_url(request.method, request.url.path)
        return resource

    def _readable(self, request: Request) -> Resource:
        resource = self._resource(request)
        self._permit(resource.permission)
        return resource

    def _sublist(self, request: Request) -> tuple[StripeObject, Sublist]:
        resource = self._readable(request)
        sublist = SUBLISTS.get((resource.path, request.path_params["sublist"]))
        if sublist is None:
            raise errors.unknown_url(request.method, request.url.path)
        return self._object(resource, request.path_params["id"]), sublist

    def _permit(self, permission: str) -> None:
        if permission in self._forbidden:
            raise errors.forbidden(self._api_key, self._world.account["id"], permission)

    def _object(self, resource: Resource, id: str) -> StripeObject:
        thing = self._world.find(resource.kind, id)
        if thing is None or (resource.kind == "event" and expired(self._world, thing, {})):
            raise errors.missing(resource.kind, id)
        return thing

    def _only_expand(self, request: Request) -> Query:
        query = parse_query(request.url.query)
        for name in query:
            if name != "expand":
                raise errors.unknown_parameter(name)
        return query

    def _expansions(self, kind: str, query: Query, *, in_list: bool) -> list[str]:
        """The checked and permitted `expand` paths, as seen from one object."""
        paths = texts("expand", query["expand"]) if "expand" in query else []
        for permission in check_expand(kind, paths, in_list=in_list):
            self._permit(permission)
        return [path.removeprefix("data.") for path in paths] if in_list else paths
