"""Getting, keeping and renewing tokens, with two processes and with a process that dies at the worst moment."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fortstripe_dagster.fortnox import (
    ClientCredentials,
    Fortnox,
    Limiter,
    NotDone,
    RefreshTokens,
    Refused,
    Unauthorized,
    authorization_url,
)
from fortstripe_dagster.fortnox.token_file import Tokens, load, save

from .conftest import Reply, Request, Stage, child, closed_port, go, in_turn, reply

SECRET = "s3cret-of-the-client"


def issued(number: int, expires_in: int = 3600) -> Reply:
    return reply(
        {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "expires_in": expires_in,
            "token_type": "bearer",
        }
    )


class Issuer:
    """The token endpoint as Fortnox keeps it: a refresh token works once and gives the next."""

    def __init__(self, first: int = 1) -> None:
        self.valid = first
        self.refreshed: list[str] = []

    def __call__(self, request: Request) -> Reply:
        handed_in = parse_qs(request.body.decode())["refresh_token"][0]
        self.refreshed.append(handed_in)
        if handed_in != f"refresh-{self.valid}":
            words = {"error": "invalid_grant", "error_description": "Invalid refresh token"}
            return Reply(400, json.dumps(words).encode(), {"Content-Type": "text/html; charset=UTF-8"})
        self.valid += 1
        return issued(self.valid)


# --- client credentials -----------------------------------------------------------------------------------------------


def credentials(stage: Stage) -> ClientCredentials:
    return ClientCredentials(stage.url, "id", SECRET, "4711")


def test_client_credentials_ask_as_fortnox_wants_it(stage: Stage) -> None:
    stage.play = in_turn(issued(1))
    assert credentials(stage).token() == "access-1"
    sent = stage.seen[0]
    assert (sent.method, sent.path) == ("POST", "/oauth-v1/token")
    assert parse_qs(sent.body.decode()) == {"grant_type": ["client_credentials"]}
    assert sent.headers["TenantId"] == "4711"
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(f"id:{SECRET}".encode()).decode()
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_token_is_kept_and_fetched_once_by_many_threads(stage: Stage) -> None:
    stage.play = in_turn(issued(1))
    login = credentials(stage)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(login.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-1"] * 8
    assert len(stage.seen) == 1


def test_a_token_about_to_end_is_not_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.play = in_turn(issued(1), issued(2))
    login = credentials(stage)
    assert login.token() == "access-1"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600 - 61)
    assert login.token() == "access-1"
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600 - 59)
    assert login.token() == "access-2"


def test_a_short_lived_token_is_used_for_half_its_life(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.play = in_turn(issued(1, expires_in=40), issued(2, expires_in=40))
    login = credentials(stage)
    assert login.token() == login.token() == "access-1"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 21)
    assert login.token() == "access-2"


def test_only_the_refused_token_is_forgotten(stage: Stage) -> None:
    stage.play = in_turn(issued(1), issued(2))
    login = credentials(stage)
    login.token()
    login.forget("access-1")
    assert login.token() == "access-2"
    login.forget("access-1")  # another thread, later, about the same old token
    assert login.token() == "access-2"
    assert len(stage.seen) == 2


@pytest.mark.parametrize(
    "trouble", [Reply(500, b"x"), Reply(429, b""), Reply(fault="reset"), Reply(200, b"<html>"), reply({"scope": "x"})]
)
def test_no_token_for_now_means_nothing_was_done(stage: Stage, trouble: Reply) -> None:
    stage.play = lambda request: trouble
    with pytest.raises(NotDone, match="No token"):
        credentials(stage).token()


def test_nobody_there_means_nothing_was_done() -> None:
    with pytest.raises(NotDone, match="No token: The connection was refused"):
        ClientCredentials(closed_port(), "id", SECRET, "4711").token()


def test_a_wrong_secret_needs_a_person(stage: Stage) -> None:
    words = {"error": "invalid_client", "error_description": "The client credentials are invalid"}
    stage.play = lambda request: Reply(401, json.dumps(words).encode(), {"Content-Type": "text/plain"})
    with pytest.raises(Unauthorized, match="Client id and client secret do not belong together") as refused:
        credentials(stage).token()
    assert SECRET not in str(refused.value) and SECRET not in repr(refused.value)


def test_a_login_does_not_show_its_secret(stage: Stage, tmp_path: Path) -> None:
    for login in (credentials(stage), RefreshTokens(stage.url, "id", SECRET, tmp_path / "t.json")):
        assert SECRET not in repr(login) and SECRET not in repr(vars(login))
    assert "access" not in repr(Tokens("access", "refresh", 0.0))


# --- refresh tokens ---------------------------------------------------------------------------------------------------


def person(stage: Stage, file: Path) -> RefreshTokens:
    return RefreshTokens(stage.url, "id", SECRET, file)


def test_a_refresh_replaces_the_file_which_only_its_owner_reads(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", time.time() - 1))
    stage.play = Issuer()
    assert person(stage, file).token() == "access-2"
    saved = load(file)
    assert saved is not None
    assert (saved.access_token, saved.refresh_token, saved.handed_in) == ("access-2", "refresh-2", None)
    assert time.time() + 3500 < saved.use_until < time.time() + 3545
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]
    assert parse_qs(stage.seen[0].body.decode())["grant_type"] == ["refresh_token"]


def test_a_token_in_the_file_is_used_without_asking(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", time.time() + 100))
    assert person(stage, file).token() == "access-1"
    assert stage.seen == []


def test_the_first_tokens_come_from_a_code(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    stage.play = in_turn(issued(1))
    person(stage, file).accept_code("the-code", "https://example.com/back")
    assert parse_qs(stage.seen[0].body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": ["https://example.com/back"],
    }
    assert person(stage, file).token() == "access-1"
    assert len(stage.seen) == 1


def test_a_company_that_is_not_connected_is_told_so(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(Unauthorized, match="connect the company first"):
        person(stage, tmp_path / "tokens.json").token()


def test_a_spoilt_file_is_named_but_not_quoted(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text('{"refresh_token": "refresh-77"')
    with pytest.raises(Unauthorized, match=r"tokens\.json is not a file of Fortnox tokens") as refused:
        person(stage, file).token()
    assert "refresh-77" not in str(refused.value)


CHILD = """
import sys
from pathlib import Path
from fortstripe_dagster.fortnox import RefreshTokens
print("ready", flush=True)
sys.stdin.readline()
print(RefreshTokens(sys.argv[1], "id", "secret", Path(sys.argv[2])).token(), flush=True)
"""


def test_two_processes_refreshing_at_once_use_one_refresh_token(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", 0.0))
    issuer = stage.play = Issuer()
    children = [child(CHILD, stage.url, str(file)) for _ in range(2)]
    go(*children)
    assert [running.communicate(timeout=20)[0] for running in children] == ["access-2\n", "access-2\n"]
    assert issuer.refreshed == ["refresh-1"]


def test_killed_between_answer_and_save_the_next_run_says_why(stage: Stage, tmp_path: Path) -> None:
    """Fortnox has used the token up, nobody has the new one: no code can mend that, but the reason must be told."""
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", 0.0))
    issuer = Issuer()
    arrived = threading.Event()

    def answer_lost(request: Request) -> Reply:
        issuer(request)
        arrived.set()
        return Reply(fault="silence")

    stage.play = answer_lost
    running = child(CHILD, stage.url, str(file))
    go(running)
    assert arrived.wait(20)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()

    stage.play = issuer
    with pytest.raises(Unauthorized, match="interrupted before it could save .* connect the company again"):
        person(stage, file).token()
    saved = load(file)
    assert saved is not None and saved.refresh_token == "refresh-1"


def test_a_refresh_that_never_arrived_is_simply_done_again(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", 0.0))
    with pytest.raises(NotDone):
        RefreshTokens(closed_port(), "id", SECRET, file).token()
    stage.play = Issuer()
    assert person(stage, file).token() == "access-2"
    saved = load(file)
    assert saved is not None and saved.handed_in is None


def test_a_refused_token_is_replaced_unless_another_process_has_done_so(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    save(file, Tokens("access-1", "refresh-1", time.time() + 1000))
    issuer = stage.play = Issuer()
    one, other = person(stage, file), person(stage, file)
    assert one.token() == other.token() == "access-1"
    for login in (one, other):
        login.forget("access-1")
    assert one.token() == other.token() == "access-2"
    assert issuer.refreshed == ["refresh-1"]


# --- with the client --------------------------------------------------------------------------------------------------


def test_an_expired_token_is_renewed_on_the_way(stage: Stage) -> None:
    """Fortnox ends the token earlier than it said; the write that meets it goes through, once."""

    def play(request: Request) -> Reply:
        if request.path == "/oauth-v1/token":
            return issued(sum(seen.path == "/oauth-v1/token" for seen in stage.seen))
        if request.headers["Authorization"] != "Bearer access-2":
            return reply({"message": "unauthorized"}, 401)
        return reply({"Voucher": {"VoucherNumber": 1}}, 201)

    stage.play = play
    client = Fortnox(api_base=stage.url, auth=credentials(stage), limiter=Limiter(interval=0, per_window=10**6))
    assert client.post("/3/vouchers", {"Voucher": {}}) == {"Voucher": {"VoucherNumber": 1}}
    client.post("/3/vouchers", {"Voucher": {}})
    assert [request.path for request in stage.seen] == [
        "/oauth-v1/token",
        "/3/vouchers",
        "/oauth-v1/token",
        "/3/vouchers",
        "/3/vouchers",
    ]


def test_a_lost_login_is_refused_and_sends_nothing(stage: Stage) -> None:
    stage.play = lambda request: reply({"error": "invalid_client"}, 401)
    client = Fortnox(api_base=stage.url, auth=credentials(stage), limiter=Limiter(interval=0, per_window=10**6))
    with pytest.raises(Refused):
        client.post("/3/vouchers", {})
    assert client.requests.total() == 0
    assert [request.path for request in stage.seen] == ["/oauth-v1/token"]


def test_the_consent_page_is_asked_for_a_service_account() -> None:
    url = authorization_url(
        "https://apps.fortnox.se/",
        client_id="id",
        redirect_uri="https://example.com/back",
        scopes=["bookkeeping", "invoice"],
        state="random",
        service_account=True,
    )
    address = urlsplit(url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://apps.fortnox.se/oauth-v1/auth"
    assert parse_qs(address.query) == {
        "client_id": ["id"],
        "redirect_uri": ["https://example.com/back"],
        "scope": ["bookkeeping invoice"],
        "state": ["random"],
        "access_type": ["offline"],
        "response_type": ["code"],
        "account_type": ["service"],
    }
