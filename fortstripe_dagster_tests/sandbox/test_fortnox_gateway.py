"""What stands before the API: tokens, scopes, the rate limit, content types, and the faults tests switch on."""

import base64
import threading
import time
from collections.abc import Callable

import pytest
import requests
import simplejson

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.gateway import Faults, RateLimit
from fortstripe_dagster.sandbox.fortnox.oauth import SCOPES
from fortstripe_dagster.sandbox.fortnox.wire import json_response
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster_tests.sandbox.fortnox_api import Api, only, parsed


def test_client_credentials_name_the_tenant(api: Api) -> None:
    answer = api.token(grant_type="client_credentials").json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert set(answer["scope"].split()) == SCOPES
    assert "refresh_token" not in answer
    claims = answer["access_token"].split(".")[1]
    assert simplejson.loads(base64.urlsafe_b64decode(claims + "=="))["tenantId"] == 1051660


@pytest.mark.parametrize(
    ("call", "status", "error", "content_type"),
    [
        (lambda api: api.token(grant_type="client_credentials", tenant=7), 400, "invalid_grant", "text/html"),
        (lambda api: api.token(grant_type="client_credentials", secret="no"), 401, "invalid_client", "text/plain"),
        (lambda api: api.token(grant_type="refresh_token", refresh_token="no"), 400, "invalid_grant", "text/html"),
        (lambda api: api.token(grant_type="password"), 400, "unsupported_grant_type", "text/html"),
    ],
)
def test_a_refused_login_has_an_odd_content_type(
    api: Api, call: Callable[[Api], requests.Response], status: int, error: str, content_type: str
) -> None:
    answer = call(api)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["content-type"].startswith(content_type)


def test_a_refresh_token_works_once(api: Api) -> None:
    token = api.app.tokens.new_refresh_token()
    first = api.token(grant_type="refresh_token", refresh_token=token).json()
    assert api.token(grant_type="refresh_token", refresh_token=token).status_code == 400
    assert api.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 200


def test_only_one_of_two_concurrent_refreshes_wins(api: Api) -> None:
    token = api.app.tokens.new_refresh_token()
    answers: list[int] = []

    def refresh() -> None:
        answers.append(api.token(grant_type="refresh_token", refresh_token=token).status_code)

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 400, 400, 400]


def test_the_browser_way_ends_in_tokens(api: Api) -> None:
    query = {
        "client_id": "sandbox",
        "redirect_uri": "http://localhost/done",
        "scope": "invoice customer",
        "state": "s1",
        "access_type": "offline",
        "response_type": "code",
        "account_type": "service",
    }
    answer = requests.get(f"{api.url}/oauth-v1/auth", params=query, allow_redirects=False, timeout=5)
    location = answer.headers["location"]
    assert answer.status_code == 302 and location.startswith("http://localhost/done?code=") and "state=s1" in location
    code = location.split("code=")[1].split("&")[0]
    tokens = api.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost/done").json()
    assert set(tokens["scope"].split()) == {"invoice", "customer"} and tokens["refresh_token"]
    assert api.token(grant_type="authorization_code", code=code).status_code == 400
    query["scope"] = "invoice everything"
    assert requests.get(f"{api.url}/oauth-v1/auth", params=query, timeout=5).json()["error"] == "invalid_scope"


def test_an_expired_token_is_the_gateways_business(api: Api) -> None:
    api.app.tokens.expire_all()
    answer = api.send("GET", "customers")
    assert (answer.status_code, answer.json()) == (401, {"message": "unauthorized"})
    api.session.headers.pop("Authorization")
    assert api.send("GET", "customers").status_code == 401


def test_tokens_expire_by_themselves(fortnox: Callable[..., Api]) -> None:
    api = fortnox(token_lifetime=0.05)
    time.sleep(0.06)
    assert api.send("GET", "customers").status_code == 401


def test_every_resource_needs_its_scope(fortnox: Callable[..., Api]) -> None:
    api = fortnox(scopes=frozenset({"customer"}))
    api.customer()
    for path in ("invoices", "vouchers", "settings/company", "settings/lockedperiod", "sie/4", "me"):
        assert api.refused("GET", path, status=403) == refusals.NO_SCOPE


def test_the_26th_request_within_five_seconds_is_turned_away(fortnox: Callable[..., Api]) -> None:
    now = [100.0]
    api = fortnox(limit=RateLimit(clock=lambda: now[0]))
    statuses = []
    for _ in range(27):
        statuses.append(api.send("GET", "customers").status_code)
        now[0] += 0.1
    assert statuses == [200] * 25 + [429] * 2
    now[0] = 104.9
    assert api.send("GET", "customers").status_code == 429
    now[0] = 105.0
    answers = [api.send("GET", "customers") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "retry-after" not in answers[1].headers


def test_bodies_must_be_json_and_in_their_wrapper(api: Api) -> None:
    def code(data: bytes, content_type: str = "application/json") -> int:
        headers = {"Content-Type": content_type}
        answer = api.session.post(f"{api.url}/3/customers", data=data, headers=headers, timeout=5)
        return int(parsed(answer, 400)["ErrorInformation"]["code"])

    assert code(b'{"Customer":{"Name":"A"}', "application/json") == refusals.JSON_SYNTAX
    assert code(b'{"Customer":{"Name":"A"}}', "text/plain") == refusals.INVALID_CONTENT_TYPE
    assert code(b'{"Kund":{"Name":"A"}}') == refusals.WRONG_BODY
    assert code(b'{"Customer":[]}') == refusals.WRONG_BODY
    assert code(b"") == refusals.WRONG_BODY
    assert code(b'{"Customer":{"Name":"A"},"Invoice":{}}') == refusals.UNKNOWN_FIELD
    assert code('{"Customer":{"Name":"Å"}}'.encode("latin-1")) == refusals.JSON_SYNTAX
    api.session.headers["Accept"] = "application/xml"
    assert api.refused("GET", "customers") == refusals.INVALID_ACCEPT


def test_errors_come_in_two_casings(api: Api) -> None:
    missing = api.send("GET", "customers/9").json()["ErrorInformation"]
    assert missing == {"Error": 1, "Message": "Kan inte hitta kunden.", "Code": 2000433}
    invalid = api.send("GET", "invoices", filter="x").json()["ErrorInformation"]
    assert invalid == {"error": 1, "message": "Ett ogiltigt filter har använts.", "code": 2000587}


def test_json_is_ascii_with_escaped_slashes(api: Api) -> None:
    api.customer(Name="Åsa AB")
    text = api.send("GET", "customers/1").content
    assert b"\\u00c5sa AB" in text and b"http:\\/\\/127.0.0.1" in text


def test_a_trailing_slash_is_the_same_path(api: Api) -> None:
    assert only(parsed(api.send("POST", "customers/", {"Customer": {"Name": "A"}}), 201))["CustomerNumber"] == "1"


def test_an_answer_can_be_lost_after_the_write(api: Api) -> None:
    api.app.faults.lose_answer = lambda call: call.method == "POST"
    with pytest.raises(requests.ConnectionError):
        api.send("POST", "customers", {"Customer": {"Name": "A"}})
    api.app.faults.lose_answer = lambda call: False
    assert len(api.get("customers")["Customers"]) == 1
    assert [(call.method, call.status) for call in api.app.calls if call.path == "/3/customers"] == [
        ("POST", None),
        ("GET", 200),
    ]


def test_a_request_can_be_answered_or_dropped_before_it_counts(api: Api) -> None:
    api.app.faults.answer = lambda call: json_response({"message": "down"}, 503) if call.writes else None
    assert api.send("POST", "customers", {"Customer": {"Name": "A"}}).status_code == 503
    api.app.faults.answer = lambda call: DroppedConnection() if call.writes else None
    with pytest.raises(requests.ConnectionError):
        api.send("POST", "customers", {"Customer": {"Name": "A"}})
    assert api.get("customers")["Customers"] == []


def test_latency_delays_every_answer(fortnox: Callable[..., Api]) -> None:
    api = fortnox(faults=Faults(latency=0.05))
    began = time.monotonic()
    api.get("customers")
    assert time.monotonic() - began >= 0.05
