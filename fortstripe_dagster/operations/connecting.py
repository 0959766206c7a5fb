"""`fortstripe connect`: a person's consent to the integration, from the browser to a login that works.

The browser is sent to Fortnox and comes back to a listener on loopback with a code. The `state` that it brings must be
the one that left: anybody may make a browser call an address of this machine. With a service account nothing secret has
to be kept: the integration's own id and secret, and the number of the company, are the login from then on. A person's
own login (fortnox.auth = "refresh_token") is kept in a file that its owner alone can read.
"""

from __future__ import annotations

import queue
import secrets
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from fortstripe_dagster.delivery.sending.connection import persons_login
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.fortnox import (
    Auth,
    ClientCredentials,
    Fortnox,
    FortnoxError,
    GivenToken,
    Limiter,
    authorization_url,
    redeem,
)
from fortstripe_dagster.operations.doctor.permissions import scopes_of
from fortstripe_dagster.settings import Settings, companies
from fortstripe_dagster.texts import one_line

HOST = "127.0.0.1"
PATH = "/callback"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>fortstripe</title>
<body style="font: 16px system-ui; margin: 4em"><p>{text}</p></body></html>"""
AGAIN = "run `fortstripe connect` again and give the consent as a system administrator of the company."


@dataclass(frozen=True)
class Connected:
    """The company that consented. `lacking` are scopes that were asked for and not given."""

    tenant_id: str
    name: str
    scopes: tuple[str, ...]
    lacking: tuple[str, ...]
    variable: str = "FORTNOX_TENANT_ID"
    """The environment variable for its number; of several companies each has its own."""

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"tenant_id": self.tenant_id, "name": self.name, "scopes": self.scopes, "lacking": self.lacking}

    def text(self) -> str:
        """What it is, and what to do now."""
        lines = [f"Connected to {self.name} ({self.tenant_id}) with the scopes {' '.join(self.scopes)}."]
        if self.lacking:
            lines.append(f"Not given: {' '.join(self.lacking)}. `fortstripe doctor` says what needs them.")
        lines += ["Put the company's number beside the integration's id and secret in the environment:"]
        lines += [f"    export {self.variable}={self.tenant_id}", "Then `fortstripe doctor` looks at the company."]
        return "\n".join(lines)


def connect(
    settings: Settings,
    port: int,
    say: Callable[[str], None],
    *,
    redirect_uri: str | None = None,
    open_browser: Callable[[str], object] = webbrowser.open,
    wait_seconds: float = 300,
) -> Connected:
    """Get the consent of a company and try the login that it gives.

    `redirect_uri` is as it is registered with the integration; by default the listener's own address. Raises
    ConfigurationError where the integration's id or secret is missing or the port is taken, Failure when the consent
    was not given or does not work.
    """
    _require_integration(settings)
    back = redirect_uri or f"http://localhost:{port}{PATH}"
    state = secrets.token_urlsafe(32)
    asked = tuple(scope.name for scope in scopes_of(settings))
    with _listening(port, state, say) as answers:
        url = authorization_url(
            settings.fortnox_auth_base,
            client_id=settings.fortnox_client_id.get_secret_value(),
            redirect_uri=back,
            scopes=asked,
            state=state,
            service_account=settings.fortnox.auth == "client_credentials",
        )
        say(f"Give the consent in the browser, as a system administrator of the company. If none opens:\n  {url}")
        open_browser(url)
        try:
            code = answers.get(timeout=wait_seconds)
        except queue.Empty:
            raise Failure(f"No answer came from the browser within {wait_seconds:.0f} s.", AGAIN) from None
    if isinstance(code, Failure):
        raise code
    return _login(settings, code, back, asked)


def _require_integration(settings: Settings) -> None:
    given = {"FORTNOX_CLIENT_ID": settings.fortnox_client_id, "FORTNOX_CLIENT_SECRET": settings.fortnox_client_secret}
    missing = [name for name, value in given.items() if not value.get_secret_value()]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} not set.",
            "register an integration in Fortnox's developer portal and put its id and secret in the environment.",
        )


def _login(settings: Settings, code: str, back: str, asked: tuple[str, ...]) -> Connected:
    """Turn the code into a login that works, and learn from it which company it is."""
    client = settings.fortnox_client_id.get_secret_value(), settings.fortnox_client_secret.get_secret_value()
    limiter = Limiter(settings.home / "fortnox-limiter.json", interval=0.25, window=5, per_window=20)
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        first, scopes = _first_login(settings, client, code, back)
        fortnox = Fortnox(api_base=settings.fortnox_api_base, auth=first, limiter=limiter)
        company = fortnox.get("/3/companyinformation")["CompanyInformation"]
        tenant_id = str(company["DatabaseNumber"])
        if settings.fortnox.auth == "client_credentials":
            ClientCredentials(settings.fortnox_auth_base, *client, tenant_id).token()
    except FortnoxError as error:
        raise Failure(
            f"The consent was given, but the login did not work: {error.message}.",
            "see in the developer portal that the integration has a service account (unless fortnox.auth is"
            f' "refresh_token") and {back} as its redirect; then {AGAIN}',
        ) from error
    lacking = tuple(scope for scope in asked if scopes and scope not in scopes)
    variable = companies.variable_of(settings.company, "FORTNOX_TENANT_ID")
    name = str(company.get("CompanyName") or "")
    return Connected(tenant_id, name, tuple(sorted(scopes or asked)), lacking, variable)


def _first_login(settings: Settings, client: tuple[str, str], code: str, back: str) -> tuple[Auth, frozenset[str]]:
    """The login of these minutes and its scopes. A person's own login is kept in its file, and renews itself there."""
    if settings.fortnox.auth == "refresh_token":
        login = persons_login(settings)
        login.accept_code(code, back)
        return login, frozenset()
    token, scopes = redeem(settings.fortnox_auth_base, *client, code, back)
    return GivenToken(token), scopes


@contextmanager
def _listening(port: int, state: str, say: Callable[[str], None]) -> Iterator[queue.Queue[str | Failure]]:
    """A listener on loopback. In the queue comes the code that the browser brings, or why there is none."""
    answers: queue.Queue[str | Failure] = queue.Queue()

    class Callback(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path != PATH:
                self._reply(404, "There is nothing here.")
                return
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            if not secrets.compare_digest(query.get("state", "").encode(), state.encode()):
                say(_strange(query))
                self._reply(400, "This answer does not belong to the consent that was asked for. Nothing was done.")
            elif "code" in query:
                answers.put(query["code"])
                self._reply(200, "Thank you. You may close this window and go back to the terminal.")
            else:
                why = query.get("error_description") or query.get("error") or "no code came"
                answers.put(Failure(f"Fortnox gave no consent: {_plain(why)}.", AGAIN))
                self._reply(200, "No consent was given. Nothing was done.")

        def _reply(self, status: int, text: str) -> None:
            body = PAGE.format(text=text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the address holds the code."""

    try:
        server = ThreadingHTTPServer((HOST, port), Callback)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} on {HOST} is in use ({error.strerror}).",
            "stop what listens there, or choose another with --port and register its address with the integration.",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="consent", daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def _strange(query: dict[str, str]) -> str:
    """What is said of an answer whose state is not ours; the wait goes on."""
    if not query:
        return "The browser came back without any answer: Fortnox may have locked the company's account (unpaid bill)."
    return "An answer with another state came and was not used: it may be of an older window, or forged."


def _plain(text: str) -> str:
    """Words from outside for a terminal: printable, on one line, not long."""
    return one_line(text)[:200].strip().rstrip(".")
