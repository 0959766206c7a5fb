"""Endpoints outside /3 that attach files to customers' invoices. They speak plain lists, without a wrapper."""

from __future__ import annotations

import simplejson
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.endpoint import Exchange, route
from fortstripe_dagster.sandbox.fortnox.files import Attachment
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.schema import Fields
from fortstripe_dagster.sandbox.fortnox.wire import json_response

_INVOICE = "F"
_FIELDS = {"entityId", "entityType", "fileId", "includeOnSend"}


def _view(attachment: Attachment) -> Fields:
    return {
        "id": attachment.id,
        "fileId": attachment.file_id,
        "entityType": attachment.entity_type,
        "entityId": attachment.entity_id,
        "includeOnSend": attachment.include_on_send,
    }


def _list(x: Exchange) -> Response:
    x.expect_parameters(frozenset({"entityid", "entitytype"}))
    wanted = (x.query.get("entitytype"), x.query.get("entityid"))
    found = [a for a in x.books.files.attachments if (a.entity_type, str(a.entity_id)) == wanted]
    return json_response([_view(attachment) for attachment in found])


def _attach(x: Exchange) -> Response:
    x.expect_parameters()
    items = simplejson.loads(x.body.decode("utf-8"))
    if not isinstance(items, list) or not items:
        raise Refusal(refusals.WRONG_BODY)
    for item in items:
        if unknown := item.keys() - _FIELDS:
            raise Refusal(refusals.UNKNOWN_FIELD, min(unknown))
        if item["entityType"] != _INVOICE:
            raise Refusal(refusals.NOT_MODELLED, item["entityType"])
        x.books.invoices.get(item["entityId"])
    made = [
        x.books.files.attach(item["fileId"], item["entityType"], item["entityId"], bool(item.get("includeOnSend")))
        for item in items
    ]
    return json_response([_view(attachment) for attachment in made], 201)


def attachment_routes(books: Books, faults: Faults) -> list[Route]:
    """The routes of this module."""
    return [route(books, faults, "attachments-v1", "/api/fileattachments/", get=_list, post=_attach)]
