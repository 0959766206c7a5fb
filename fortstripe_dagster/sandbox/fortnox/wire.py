"""How bodies look on the wire: JSON read without float and written as Fortnox does, errors in their two casings."""

from decimal import Decimal
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import quote

import simplejson
from starlette.responses import Response

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.schema import Fields


def _plain(value: Any) -> Any:
    """Decimals without trailing zeros, whole ones as integers: Fortnox writes 219 and 218.5, never 219.00."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def document_url(base: str, *parts: object) -> str:
    """The @url of a document: the address of the API and its percent-encoded path."""
    return "/".join([base, *(quote(str(part), safe="") for part in parts)])


def json_response(payload: object, status: int = 200) -> Response:
    """A JSON answer: ASCII with escapes, slashes escaped too."""
    text = simplejson.dumps(_plain(payload), use_decimal=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return Response(text.replace("/", "\\/"), status, media_type="application/json")


def error_response(refusal: Refusal) -> Response:
    """A refusal: what is missing answers with capital letters, everything else with small ones."""
    names = ("Error", "Message", "Code") if refusal.status == 404 else ("error", "message", "code")
    values = (1, refusal.message, refusal.code)
    return json_response({"ErrorInformation": dict(zip(names, values, strict=True))}, refusal.status)


def gateway_response(message: str, status: int) -> Response:
    """What the gateway before the API answers; it knows nothing of ErrorInformation."""
    return json_response({"message": message}, status)


def unwrapped(body: bytes, wrapper: str) -> Fields:
    """The document in a request body {"Invoice": {…}}; refuses bad JSON, another wrapper and anything beside it."""
    if not body:
        raise Refusal(refusals.WRONG_BODY)
    try:
        document = simplejson.loads(body.decode("utf-8"), use_decimal=True)
    except ValueError:
        raise Refusal(refusals.JSON_SYNTAX) from None
    if not isinstance(document, dict) or not isinstance(document.get(wrapper), dict):
        raise Refusal(refusals.WRONG_BODY)
    if len(document) > 1:
        raise Refusal(refusals.UNKNOWN_FIELD, next(name for name in document if name != wrapper))
    content: Fields = document[wrapper]
    return content


def multipart_file(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Name and content of the first file in a multipart/form-data body."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body, policy=HTTP)
    for part in message.walk():
        if part.get_filename():
            content = part.get_payload(decode=True)
            return str(part.get_filename()), content if isinstance(content, bytes) else b""
    raise Refusal(refusals.WRONG_BODY)
