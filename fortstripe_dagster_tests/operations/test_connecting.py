"""`fortstripe connect` against the stand-in's consent page over real HTTP: what comes back, and what must not count."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from pydantic import SecretStr

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.operations.connecting import Connected, connect
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway
from fortstripe_dagster.sandbox.fortnox.oauth import SCOPES
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.servers import DroppedConnection, serve
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES

Browser = Callable[[str], object]


@dataclass
class Stage:
    """A company whose Fortnox listens, and the address to which its browser comes back."""

    settings: Settings
    gateway: Gateway
    port: int
    said: list[str]

    def connect(self, browser: Browser, wait: float = 10, **changes: Any) -> Connected:
        settings = self.settings.model_copy(update=changes)
        return connect(settings, self.port, self.said.append, open_browser=browser, wait_seconds=wait)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    app = fortnox_app(Books())
    with serve(app) as server:
        addresses = {"FORTNOX_API_BASE": server.url, "FORTNOX_AUTH_BASE": server.url}
        chosen: dict[str, Any] = {**CHOICES, **addresses, "home": tmp_path / "home"}
        yield Stage(Settings(**chosen), app, free_port(), [])


def person(url: str) -> threading.Thread:
    """A browser with a person who says what the stand-in's consent page is set to say."""
    thread = threading.Thread(target=lambda: requests.get(url, timeout=10))
    thread.start()
    return thread


def test_a_consent_ends_in_a_login_that_works(stage: Stage) -> None:
    connected = stage.connect(person)
    assert connected.tenant_id == "1051660"
    assert connected.name == "Nordljus Handel AB"
    assert {"bookkeeping", "invoice", "payment"} <= set(connected.scopes)
    assert not connected.lacking
    assert "export FORTNOX_TENANT_ID=1051660" in connected.text()
    asked = parse_qs(urlsplit(next(line for line in stage.said if "oauth-v1/auth" in line).split()[-1]).query)
    assert asked["account_type"] == ["service"] and asked["access_type"] == ["offline"]
    assert len(asked["state"][0]) >= 32
    with pytest.raises(ConnectionRefusedError):  # nothing listens any longer
        socket.create_connection(("127.0.0.1", stage.port))


def test_a_persons_own_login_is_kept_where_the_deliveries_look_for_it(stage: Stage) -> None:
    own = stage.settings.fortnox.model_copy(update={"auth": "refresh_token"})
    connected = stage.connect(person, fortnox=own)
    assert connected.tenant_id == "1051660" and not connected.lacking
    asked = parse_qs(urlsplit(next(line for line in stage.said if "oauth-v1/auth" in line).split()[-1]).query)
    assert "account_type" not in asked and asked["access_type"] == ["offline"]
    file = stage.settings.fortnox_tokens_path
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = stage.settings.model_copy(update={"fortnox": own, "fortnox_tenant_id": connected.tenant_id})
    login = delivery.connect(settings).get("/3/companyinformation")
    assert login["CompanyInformation"]["CompanyName"] == "Nordljus Handel AB"
    kinds = [call.body.split(b"&")[0] for call in stage.gateway.calls if call.path == "/oauth-v1/token"]
    assert kinds == [b"grant_type=authorization_code"]


def test_of_several_companies_each_has_a_variable_of_its_own(stage: Stage) -> None:
    assert "export ALPHA_FORTNOX_TENANT_ID=1051660" in stage.connect(person, company="alpha").text()


def test_each_attempt_has_a_state_of_its_own(stage: Stage) -> None:
    stage.connect(person)
    stage.connect(person)
    states = {parse_qs(urlsplit(line.split()[-1]).query)["state"][0] for line in stage.said if "oauth-v1/auth" in line}
    assert len(states) == 2


def test_an_answer_with_another_state_is_not_used_and_the_right_one_is_still_waited_for(stage: Stage) -> None:
    forged = f"http://127.0.0.1:{stage.port}/callback?{urlencode({'code': 'evil', 'state': 'guessed'})}"
    answers: list[requests.Response] = []

    def browser(url: str) -> None:
        answers.append(requests.get(forged, timeout=5))
        answers.append(requests.get(f"http://127.0.0.1:{stage.port}/favicon.ico", timeout=5))
        person(url)

    assert stage.connect(browser).tenant_id == "1051660"
    assert [answer.status_code for answer in answers] == [400, 404]
    assert any("another state" in line for line in stage.said)
    assert not any(b"evil" in call.body for call in stage.gateway.calls)


def test_a_consent_that_is_denied_says_so(stage: Stage) -> None:
    stage.gateway.tokens.consent = "denied"
    with pytest.raises(Failure, match="denied the request.*system administrator"):
        stage.connect(person)
    assert not [call for call in stage.gateway.calls if call.path == "/oauth-v1/token"]


def test_a_company_that_fortnox_has_locked_comes_back_with_nothing(stage: Stage) -> None:
    stage.gateway.tokens.consent = "locked"
    with pytest.raises(Failure, match="No answer came"):
        stage.connect(person, wait=1)
    assert any("unpaid bill" in line for line in stage.said)


def test_a_browser_that_never_comes_back_is_not_waited_for_for_ever(stage: Stage) -> None:
    with pytest.raises(Failure, match="within 1 s"):
        stage.connect(lambda url: None, wait=1)


def test_a_port_that_is_taken_is_named(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stage.port))
        taken.listen()
        with pytest.raises(ConfigurationError, match=f"Port {stage.port} .*--port"):
            stage.connect(person)


def test_a_lost_answer_to_the_code_says_to_consent_again(stage: Stage) -> None:
    stage.gateway.faults.answer = lambda call: DroppedConnection() if call.path == "/oauth-v1/token" else None
    with pytest.raises(Failure, match="the login did not work.*again") as failed:
        stage.connect(person)
    assert "sandbox-secret" not in str(failed.value)


def test_a_wrong_secret_and_a_missing_one(stage: Stage) -> None:
    with pytest.raises(Failure, match="invalid_client") as failed:
        stage.connect(person, fortnox_client_secret=SecretStr("very-wrong-secret"))
    assert "very-wrong-secret" not in str(failed.value)
    with pytest.raises(ConfigurationError, match="FORTNOX_CLIENT_ID not set"):
        stage.connect(person, fortnox_client_id=SecretStr(""))


def test_scopes_that_were_not_given_are_told(tmp_path: Path, stage: Stage) -> None:
    with serve(fortnox_app(Books(), scopes=SCOPES - {"payment"})) as narrow:
        connected = stage.connect(person, fortnox_api_base=narrow.url, fortnox_auth_base=narrow.url)
    assert connected.lacking == ("payment",)
    assert "Not given: payment" in connected.text()


def test_words_from_outside_reach_neither_page_nor_terminal_as_they_are(stage: Stage) -> None:
    pages: list[str] = []

    def browser(url: str) -> None:
        state = parse_qs(urlsplit(url).query)["state"][0]
        hostile = {"error": "x", "error_description": "<script>alert(1)</script>\x1b[31m\nred", "state": state}
        pages.append(requests.get(f"http://127.0.0.1:{stage.port}/callback?{urlencode(hostile)}", timeout=5).text)

    with pytest.raises(Failure) as failed:
        stage.connect(browser)
    assert "<script>" not in pages[0]
    assert "\x1b" not in str(failed.value) and "\n" not in str(failed.value)


def test_the_listener_is_on_loopback_alone_and_nothing_secret_is_kept(stage: Stage) -> None:
    seen: list[str] = []

    def browser(url: str) -> None:
        seen.extend(Path("/proc/net/tcp").read_text().splitlines())
        person(url)

    connected = stage.connect(browser)
    listening = [line.split()[1] for line in seen if line.split()[1].endswith(f":{stage.port:04X}")]
    assert listening == [f"0100007F:{stage.port:04X}"]
    for path in stage.settings.home.rglob("*"):
        assert b"sandbox-secret" not in path.read_bytes()
    assert "sandbox-secret" not in connected.text() + "".join(stage.said)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
