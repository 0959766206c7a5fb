"""The login to Fortnox: how an access token is got, kept and renewed.

`ClientCredentials` is the default: a service account, no refresh tokens. `RefreshTokens` is for a company that
connected as a person: each refresh token works once and gives the next, so that whoever loses one must connect again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import requests
from filelock import FileLock

from .answers import failure, no_answer
from .errors import InDoubt, NotDone, Unauthorized
from .token_file import Tokens, load, save
from .wire import decode

TOKEN_PATH = "/oauth-v1/token"

EARLY = 60.0
"""Seconds before its end at which a token is no longer used (half its life, where that is less)."""


class Auth(Protocol):
    """What the client needs of a login."""

    def token(self) -> str:
        """A token to use now. Raises Unauthorized if there will be none, NotDone if there is none at the moment."""
        ...

    def forget(self, token: str) -> None:
        """Fortnox did not take this token: the next `token()` is a new one. Another token is left as it is."""
        ...


class ClientCredentials:
    """The service account of one company. Each token lives in memory only; no two threads fetch one at once."""

    def __init__(
        self,
        auth_base: str,
        client_id: str,
        client_secret: str,
        tenant_id: str,
        *,
        timeout: tuple[float, float] = (5, 60),
    ) -> None:
        self._endpoint = _Endpoint(auth_base, client_id, client_secret, timeout)
        self._tenant_id = tenant_id
        self._fetching = threading.Lock()
        self._token = ""
        self._use_until = 0.0

    def token(self) -> str:
        """The token in use, or a new one if it is about to end."""
        with self._fetching:
            if time.monotonic() >= self._use_until:
                asked = time.monotonic()
                answer = self._endpoint.ask({"grant_type": "client_credentials"}, {"TenantId": self._tenant_id})
                self._token = _text(answer, "access_token")
                self._use_until = asked + _use_for(answer)
            return self._token

    def forget(self, token: str) -> None:
        """Let the next `token()` fetch a new one, if this is the one in use."""
        with self._fetching:
            if token == self._token:
                self._use_until = 0.0


class RefreshTokens:
    """A person's connection, kept in `token_file` (mode 0600), shared by every process of the machine.

    The refresh is done under a file lock by one process, the others read what it saved. Before it asks, it notes so in
    the file: if it is then killed between Fortnox's answer and the save, the new token is lost for good, and the note
    is what lets the next run say why.
    """

    def __init__(
        self,
        auth_base: str,
        client_id: str,
        client_secret: str,
        token_file: Path,
        *,
        timeout: tuple[float, float] = (5, 60),
    ) -> None:
        self._endpoint = _Endpoint(auth_base, client_id, client_secret, timeout)
        self._file = token_file
        self._threads = threading.Lock()
        self._processes = FileLock(token_file.with_name(token_file.name + ".lock"), mode=0o600)
        self._in_use: Tokens | None = None
        self._refused = ""

    def token(self) -> str:
        """The token in use, the one that another process has saved, or, where both are about to end, a new one."""
        with self._threads:
            if self._in_use is None or not self._usable(self._in_use):
                with self._processes:
                    self._in_use = self._saved_or_refreshed()
            return self._in_use.access_token

    def forget(self, token: str) -> None:
        """Never use this token again, neither from memory nor from the file."""
        with self._threads:
            self._refused = token

    def accept_code(self, code: str, redirect_uri: str) -> None:
        """Turn the code that a person's consent gave (it lives 10 minutes) into the first tokens, and save them."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        with self._threads, self._processes:
            self._in_use = self._ask_and_save(form)

    def _saved_or_refreshed(self) -> Tokens:
        try:
            saved = load(self._file)
        except ValueError as error:
            raise self._no_login(str(error)) from None
        if saved is None:
            raise self._no_login(f"{self._file} does not exist yet; connect the company first")
        if self._usable(saved):
            return saved
        save(self._file, saved.handed_in_at(time.time()))
        try:
            return self._ask_and_save({"grant_type": "refresh_token", "refresh_token": saved.refresh_token})
        except Unauthorized as error:
            if saved.handed_in is None or "invalid_grant" not in error.message:
                raise
            when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(saved.handed_in))
            raise self._no_login(
                f"the refresh token was handed in at {when} by a run that was interrupted before it could save the new "
                "one (invalid_grant); connect the company again"
            ) from error

    def _ask_and_save(self, form: Mapping[str, str]) -> Tokens:
        asked = time.time()
        answer = self._endpoint.ask(form, {})
        fresh = Tokens(_text(answer, "access_token"), _text(answer, "refresh_token"), asked + _use_for(answer))
        save(self._file, fresh)
        return fresh

    def _usable(self, tokens: Tokens) -> bool:
        return tokens.access_token != self._refused and time.time() < tokens.use_until

    def _no_login(self, message: str) -> Unauthorized:
        return Unauthorized("POST", TOKEN_PATH, message)


class GivenToken:
    """A token that came with a person's consent, for the few requests that follow it. It is never renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """The token, whether or not Fortnox still takes it."""
        return self._token

    def forget(self, token: str) -> None:
        """There is no other one."""


def redeem(
    auth_base: str,
    client_id: str,
    client_secret: str,
    code: str,
    redirect_uri: str,
    *,
    timeout: tuple[float, float] = (5, 60),
) -> tuple[str, frozenset[str]]:
    """The access token for the code that a person's consent gave, and the scopes that it carries.

    A code works once and for ten minutes. Raises Unauthorized if it is refused, NotDone if the answer was lost: then
    the code may be used up, and the person consents anew.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    answer = _Endpoint(auth_base, client_id, client_secret, timeout).ask(form, {})
    return _text(answer, "access_token"), frozenset(str(answer.get("scope") or "").split())


def authorization_url(
    auth_base: str, *, client_id: str, redirect_uri: str, scopes: Iterable[str], state: str, service_account: bool
) -> str:
    """Where a person gives consent. `state` comes back with the code and must be compared.

    For client credentials the consent is given once, by a system administrator, with `service_account`.
    """
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "access_type": "offline",  # else no refresh token that lasts
        "response_type": "code",
        **({"account_type": "service"} if service_account else {}),
    }
    return f"{_host(auth_base)}/oauth-v1/auth?{urlencode(query)}"


@dataclass(frozen=True, repr=False)
class _Endpoint:
    """The token endpoint. What fails here has done nothing in the books: Unauthorized or NotDone, never InDoubt."""

    auth_base: str
    client_id: str
    client_secret: str
    timeout: tuple[float, float]

    def ask(self, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            response = requests.post(
                _host(self.auth_base) + TOKEN_PATH,
                data=dict(form),
                headers={"Accept": "application/json", **headers},
                auth=(self.client_id, self.client_secret),
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NotDone("POST", TOKEN_PATH, f"No token: {no_answer('POST', TOKEN_PATH, error).message}") from error
        wrong = failure("POST", TOKEN_PATH, response)
        if isinstance(wrong, NotDone | InDoubt):
            raise NotDone("POST", TOKEN_PATH, f"No token: {wrong.message}", status=wrong.status)
        if wrong is not None:
            raise Unauthorized("POST", TOKEN_PATH, wrong.message, status=wrong.status)
        try:
            answer = decode(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise NotDone("POST", TOKEN_PATH, "No token: the answer is not JSON", status=response.status_code)
        return answer


def _host(auth_base: str) -> str:
    return auth_base.rstrip("/").removesuffix("/oauth-v1")


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise NotDone("POST", TOKEN_PATH, f"No token: the answer holds no {name}")
    return value


def _use_for(answer: Mapping[str, Any]) -> float:
    """Seconds to use the token, from when it was asked for. It lives an hour, as documented, if nothing is said."""
    try:
        life = float(answer.get("expires_in") or 3600)
    except (TypeError, ValueError):
        life = 3600.0
    return life - min(EARLY, life / 2)
