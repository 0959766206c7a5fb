"""Every recorded answer of the real Fortnox, replayed over HTTP through the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from fortstripe_dagster.fortnox import Fortnox, Limiter, RefreshTokens, Refused, Retries, Unauthorized
from fortstripe_dagster.fortnox.token_file import Tokens, load, save
from fortstripe_dagster.fortnox.wire import decode

from .conftest import SPECS, Reply, Stage

FOLDER = SPECS / "fortnox-recorded-responses"
RECORDINGS = sorted(FOLDER.glob("*.yml"))

REFUSALS = {
    "customers_find_failure": (Refused, 404, 2000433, "Kan inte hitta kunden."),
    "invoices_filter_invalid": (Refused, 400, 2000587, "Ett ogiltigt filter har använts."),
    "authentication_expired_token": (Unauthorized, 401, None, "unauthorized"),
}
"""What the recordings that are no success must be read as."""


def recordings() -> list[Any]:
    if not RECORDINGS:
        return [pytest.param(None, marks=pytest.mark.skip(reason="the recorded answers are not here"))]
    return [pytest.param(file, id=file.stem) for file in RECORDINGS]


class Login:
    def token(self) -> str:
        return "token"

    def forget(self, token: str) -> None:
        pass


@pytest.mark.parametrize("file", recordings())
def test_a_recorded_answer_is_read(file: Path, stage: Stage, tmp_path: Path) -> None:
    for interaction in yaml.safe_load(file.read_text(encoding="utf-8"))["http_interactions"]:
        asked, answered = interaction["request"], interaction["response"]
        stage.seen.clear()
        stage.play = lambda request, answered=answered: _recorded(answered)  # type: ignore[misc]
        address = urlsplit(asked["uri"])
        if address.path == "/oauth-v1/token":
            _replay_login(file.stem, stage, tmp_path)
        else:
            _replay(file.stem, stage, asked, answered)
        sent = stage.seen[0]
        assert (sent.method, sent.path) == (asked["method"].upper(), address.path)
        assert {name: value[0] for name, value in sent.query.items()} == dict(parse_qsl(address.query))


def _replay(name: str, stage: Stage, asked: dict[str, Any], answered: dict[str, Any]) -> None:
    client = Fortnox(
        api_base=stage.url,
        auth=Login(),
        limiter=Limiter(interval=0, per_window=10**6),
        retries=Retries(tries=1),
    )
    address = urlsplit(asked["uri"])
    body = asked["body"]["string"]

    def ask() -> Any:
        if asked["method"] == "post":
            return client.post(address.path, decode(body.encode()))
        return client.get(address.path, dict(parse_qsl(address.query)))

    if name not in REFUSALS:
        assert ask() == decode(answered["body"]["string"].encode())
        assert stage.seen[0].body == (body.encode() if asked["method"] == "post" else b"")
        return
    kind, status, code, message = REFUSALS[name]
    with pytest.raises(kind) as refused:
        ask()
    assert type(refused.value) is kind
    assert (refused.value.status, refused.value.code, refused.value.message) == (status, code, message)


def _replay_login(name: str, stage: Stage, folder: Path) -> None:
    file = folder / "tokens.json"
    save(file, Tokens("old", "<REFRESH_TOKEN>", 0.0))
    login = RefreshTokens(stage.url, "id", "secret", file)
    if name == "authentication_invalid_refresh_token":
        with pytest.raises(Unauthorized, match="Connect the company again") as refused:
            login.token()
        assert refused.value.message == "invalid_grant: Invalid refresh token"
    else:
        assert login.token() == "<ACCESS_TOKEN>"
        saved = load(file)
        assert saved is not None and saved.refresh_token == "<REFRESH_TOKEN>"


def _recorded(answered: dict[str, Any]) -> Reply:
    # How the answer was packed for the road is not part of what was said.
    headers = {
        name: values[0]
        for name, values in answered["headers"].items()
        if name not in ("Content-Length", "Transfer-Encoding", "Server", "Date")
    }
    return Reply(answered["status"]["code"], answered["body"]["string"].encode(), headers)
