"""Endpoints of the Warehouse module: whether it is active, and custom documents under numbers that the client chooses.

Its errors have words of their own in place of Fortnox's codes. What a released document moves changes the articles'
QuantityInStock here at once.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Literal

import simplejson
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.endpoint import Exchange, route
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.schema import Fields
from fortstripe_dagster.sandbox.fortnox.wire import json_response

Way = Literal["inbound", "outbound"]
_WAYS: tuple[Way, ...] = ("inbound", "outbound")
_FIELDS = {"outbound": {"date", "deliveryState", "note", "rows"}, "inbound": {"date", "note", "rows"}}


def _refused(error: str, message: str, status: int = 400) -> Response:
    return json_response({"id": "0", "error": error, "message": message}, status)


def _tenant(x: Exchange) -> Response:
    x.expect_parameters()
    return json_response({"activated": x.books.company.warehouse, "tenantId": x.books.company.tenant_id})


def _key(x: Exchange, way: Way) -> tuple[str, str, str]:
    return way, x.path["type"], x.path["id"]


def _get(way: Way, x: Exchange) -> Response:
    document = x.books.warehouse.get(_key(x, way))
    return json_response(document) if document else _refused("not_found", "no such document", 404)


def _save(way: Way, x: Exchange) -> Response:
    key = _key(x, way)
    if not x.books.company.warehouse:
        return _refused("not_activated", "the Warehouse module is not active", 403)
    if any(other != way and kind == key[1] for other, kind, _ in x.books.warehouse):
        return _refused("wrong_category", f"{key[1]} belongs to the other direction")
    if x.books.warehouse.get(key, {}).get("warehouseReady"):
        return _refused("document_is_released", "a released document cannot be changed")
    body: Fields = simplejson.loads(x.body.decode("utf-8"), use_decimal=True)
    if unknown := body.keys() - _FIELDS[way]:
        return _refused("unknown_field", ", ".join(sorted(unknown)))
    if missing := [row["itemId"] for row in body["rows"] if row["itemId"] not in x.books.articles]:
        return _refused("item_not_found", ", ".join(missing))
    x.books.warehouse[key] = {**body, "id": key[2], "voided": False, "warehouseReady": False}
    return json_response(x.books.warehouse[key])


def _release(way: Way, x: Exchange) -> Response:
    x.expect_no_body()
    document = x.books.warehouse.get(_key(x, way))
    if document is None:
        return _refused("not_found", "no such document", 404)
    if document["warehouseReady"]:
        return _refused("document_is_released", "it is released already")
    for row in document["rows"]:
        article = x.books.articles.get(row["itemId"])
        moved = Decimal(row["quantity"]) * (1 if way == "inbound" else -1)
        x.books.articles.update(row["itemId"], {"QuantityInStock": (article["QuantityInStock"] or Decimal(0)) + moved})
    document["warehouseReady"] = True
    return Response(status_code=204)


def warehouse_routes(books: Books, faults: Faults) -> list[Route]:
    """The routes of this module."""
    routes = [route(books, faults, "tenants-v4", "/api/warehouse/", get=_tenant)]
    for way in _WAYS:
        custom = f"/api/warehouse/documentdeliveries/custom/{way}-v1/"
        routes.append(route(books, faults, "{type}/{id}", custom, get=partial(_get, way), put=partial(_save, way)))
        routes.append(route(books, faults, "{type}/{id}/release", custom, put=partial(_release, way)))
    return routes
