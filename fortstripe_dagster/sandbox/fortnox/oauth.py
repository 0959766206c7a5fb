"""The token endpoint: client credentials for a tenant, authorisation codes, and refresh tokens that work only once.

Failures carry the content types that the real endpoint was seen to use, which are not JSON's.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlencode

from starlette.responses import RedirectResponse, Response

from fortstripe_dagster.sandbox.fortnox.wire import json_response

SCOPES = frozenset(
    "archive article bookkeeping companyinformation connectfile costcenter currency customer inbox invoice payment "
    "price print profile project settings".split()
)
"""The scopes the stand-in knows; asking for another one breaks a login, as it does at Fortnox."""


Consent = Literal["given", "denied", "locked"]


@dataclass(frozen=True)
class Grant:
    """What an access token may do and until when (seconds of the tokens' own clock)."""

    scopes: frozenset[str]
    expires: float


class Tokens:
    """Issues and knows the tokens of one registered client for one company (tenant)."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        tenant_id: int,
        scopes: frozenset[str],
        *,
        lifetime: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = (client_id, client_secret)
        self._tenant = str(tenant_id)
        self._consented = scopes
        self._lifetime = lifetime
        self._clock = clock
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, frozenset[str]] = {}
        self._codes: dict[str, tuple[frozenset[str], str]] = {}
        self.consent: Consent = "given"

    def grant_of(self, authorization: str) -> Grant | None:
        """What the bearer token in an Authorization header allows; None when it is unknown or has expired."""
        kind, _, token = authorization.partition(" ")
        grant = self._access.get(token) if kind.lower() == "bearer" else None
        return grant if grant is not None and grant.expires > self._clock() else None

    def expire_all(self) -> None:
        """Makes every access token that is out invalid, as after a revoked consent."""
        self._access.clear()

    def new_refresh_token(self) -> str:
        """A refresh token as a person gets it at the end of the authorisation in the browser."""
        token = secrets.token_hex(20)
        self._refresh[token] = self._consented
        return token

    def authorise(self, query: Mapping[str, str]) -> Response:
        """The consent page, where the person has decided already: sends the browser back with a code, or with a no.

        A company whose Fortnox is locked for an unpaid bill is sent back with nothing at all.
        """
        wanted = frozenset(query.get("scope", "").split())
        if query.get("client_id") != self._client[0] or query.get("response_type") != "code" or "state" not in query:
            return _failure("invalid_request", "Invalid client_id, response_type or state")
        if not wanted or not wanted <= SCOPES:
            return _failure("invalid_scope", f"Unknown scope: {' '.join(sorted(wanted - SCOPES))}")
        back = query.get("redirect_uri", "")
        if self.consent == "locked":
            return RedirectResponse(back, 302)
        if self.consent == "denied":
            no = {"error": "access_denied", "error_description": "The resource owner denied the request"}
            return RedirectResponse(f"{back}?{urlencode(no | {'state': query['state']})}", 302)
        code = secrets.token_hex(16)
        self._codes[code] = wanted & self._consented, back
        return RedirectResponse(f"{back}?{urlencode({'code': code, 'state': query['state']})}", 302)

    def token(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answers POST /oauth-v1/token."""
        if _basic(headers.get("authorization", "")) != self._client:
            return _failure("invalid_client", "Invalid client id or secret", 401, "text/plain; charset=utf-8")
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        match form.get("grant_type"):
            case "client_credentials":
                if headers.get("tenantid") != self._tenant:
                    return _failure("invalid_grant", "Missing or unknown TenantId")
                wanted = frozenset(form["scope"].split()) if "scope" in form else self._consented
                return self._issued(wanted & self._consented, refreshable=False)
            case "refresh_token":
                scopes = self._refresh.pop(form.get("refresh_token", ""), None)
                if scopes is None:
                    return _failure("invalid_grant", "Invalid refresh token")
                return self._issued(scopes, refreshable=True)
            case "authorization_code":
                scopes, asked_from = self._codes.pop(form.get("code", ""), (None, ""))
                if scopes is None or form.get("redirect_uri") != asked_from:
                    return _failure("invalid_grant", "Authorization code doesn't exist or is invalid for the client")
                return self._issued(scopes, refreshable=True)
        return _failure("unsupported_grant_type", "Grant type not supported")

    def revoke(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answers POST /oauth-v1/revoke; access tokens that are out stay valid."""
        if _basic(headers.get("authorization", "")) != self._client:
            return _failure("invalid_client", "Invalid client id or secret", 401, "text/plain; charset=utf-8")
        form = parse_qs(body.decode("utf-8", "replace"))
        return json_response({"revoked": self._refresh.pop(form.get("token", [""])[0], None) is not None})

    def _issued(self, scopes: frozenset[str], *, refreshable: bool) -> Response:
        access = _unsigned_jwt(self._tenant, secrets.token_hex(16))
        self._access[access] = Grant(scopes, self._clock() + self._lifetime)
        answer: dict[str, object] = {
            "access_token": access,
            "expires_in": int(self._lifetime),
            "token_type": "bearer",
            "scope": " ".join(sorted(scopes)),
        }
        if refreshable:
            answer["refresh_token"] = secrets.token_hex(20)
            self._refresh[str(answer["refresh_token"])] = scopes
        return json_response(answer)


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _unsigned_jwt(tenant: str, token_id: str) -> str:
    """A token of three parts like Fortnox's, so that a client may read the tenant from it; its signature is random."""
    parts = ('{"alg":"RS256","typ":"JWT"}', f'{{"tenantId":{tenant},"jti":"{token_id}"}}', token_id)
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def _failure(error: str, description: str, status: int = 400, kind: str = "text/html; charset=UTF-8") -> Response:
    answer = json_response({"error": error, "error_description": description}, status)
    answer.headers["content-type"] = kind
    return answer
