"""How stock is moved in Fortnox, and how a move is found again when its answer was lost.

The Warehouse module lets us choose a document's number: the same move is the same document, saved and then released.
Without the module the article's quantity is read and written; a lost answer is told by the quantity that was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.stock import Keeping
from fortstripe_dagster.delivery.journal.journal import Journal, Request
from fortstripe_dagster.fortnox import Fortnox, Refused, Unauthorized, path
from fortstripe_dagster.fortnox.values import as_bool, as_decimal

MODULE = "/api/warehouse/tenants-v4"
_CUSTOM = "/api/warehouse/documentdeliveries/custom"
_TYPES = {"outbound": "STRIPE", "inbound": "STRIPE-RETURN"}
"""What our documents are called in Fortnox; one type cannot be used for both directions."""
_DIGITS = 24


def keeping(client: Fortnox, articles: Iterable[str], known: Keeping | None) -> Keeping:
    """How the company keeps stock, as far as these articles go; what is known already is not read again."""
    goods = dict(known.goods) if known else {}
    for number in sorted(set(articles) - goods.keys()):
        record = _optional(client, path("articles", number))
        if record is not None:
            goods[number] = as_bool(record["Article"].get("StockGoods"))
    return Keeping(known.module if known else _has_module(client), goods)


def request(client: Fortnox, document: Document, step: str) -> Request:
    """The request for a step. An article's quantity is read first: it is written as a whole."""
    if document.kind == "stock_quantity":
        record = path("articles", document.content["article"])
        now = as_decimal(client.get(record)["Article"].get("QuantityInStock")) or amount(0)
        return Request("PUT", record, {"Article": {"QuantityInStock": now + amount(document.content["quantity"])}})
    if step == "release":
        return Request("PUT", f"{_record(document)}/release")
    quantity = amount(document.content["quantity"])
    body: dict[str, Any] = {
        "date": document.day.isoformat(),
        "note": document.document_id,
        "rows": [{"itemId": document.content["article"], "quantity": abs(quantity)}],
    }
    if quantity < 0:
        body |= {"deliveryState": "delivery"}
        body["rows"][0]["deliveredQuantity"] = abs(quantity)
    return Request("PUT", _record(document), body)


def number_of(document: Document) -> str:
    """The number that we give a document of the Warehouse module, or that of the article."""
    if document.kind == "stock_quantity":
        return str(document.content["article"])
    digest = hashlib.sha256(document.document_id.encode()).hexdigest()
    return str(int(digest, 16))[:_DIGITS]


def look_up(client: Fortnox, journal: Journal, document: Document, step: str) -> dict[str, Any] | None:
    """What Fortnox has of a move if the step took effect."""
    if document.kind == "stock_quantity":
        return _written(client, journal, document)
    answer = _optional(client, _record(document))
    if answer is None or answer.get("note") != document.document_id or as_bool(answer.get("voided")):
        return None
    return answer if step == "create" or as_bool(answer.get("warehouseReady")) else None


def _written(client: Fortnox, journal: Journal, document: Document) -> dict[str, Any] | None:
    """The article, if it has the quantity that the open request wrote."""
    answer: dict[str, Any] = client.get(path("articles", document.content["article"]))
    opened = [intent for intent in journal.open_intents() if intent.document_id == document.document_id]
    sent = opened[-1].request.body
    assert isinstance(sent, Mapping)
    there = as_decimal(answer["Article"].get("QuantityInStock"))
    return answer if there == amount(sent["Article"]["QuantityInStock"]) else None


def _record(document: Document) -> str:
    way = "outbound" if amount(document.content["quantity"]) < 0 else "inbound"
    return f"{_CUSTOM}/{way}-v1/{_TYPES[way]}/{number_of(document)}"


def _has_module(client: Fortnox) -> bool | None:
    """Whether the Warehouse module is active; None where the login may not ask."""
    try:
        return as_bool(client.get(MODULE).get("activated"))
    except (Refused, Unauthorized) as error:
        if error.status in (403, 404, 405):
            return None
        raise


def _optional(client: Fortnox, record: str) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = client.get(record)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return answer
