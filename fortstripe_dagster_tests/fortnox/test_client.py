"""The client against a real HTTP server: what it sends, what it makes of the answer, when it tries again."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.fortnox import (
    Fortnox,
    FortnoxError,
    InDoubt,
    Limiter,
    NotDone,
    Refused,
    Retries,
    Unauthorized,
    path,
)
from fortstripe_dagster.fortnox.client import endpoint

from .conftest import Reply, Request, Stage, closed_port, in_turn, reply, staged

QUICK = Retries(tries=3, first=0.01, most=0.02, throttled=0.01)
OK = reply({"Invoice": {"DocumentNumber": "1"}})


class FixedToken:
    """A login whose tokens are numbered; `forgotten` lists those that the client gave back."""

    def __init__(self) -> None:
        self.number = 1
        self.forgotten: list[str] = []

    def token(self) -> str:
        return f"token-{self.number}"

    def forget(self, token: str) -> None:
        self.forgotten.append(token)
        self.number += 1


class OneToken(FixedToken):
    """A login that never has another token."""

    def forget(self, token: str) -> None:
        self.forgotten.append(token)


def client(url: str, **changed: Any) -> Fortnox:
    settings: dict[str, Any] = {
        "auth": FixedToken(),
        "limiter": Limiter(interval=0, per_window=10**6),
        "retries": QUICK,
        "timeout": (2, 2),
    }
    return Fortnox(api_base=url, **{**settings, **changed})


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_amounts_arrive_exactly_as_they_were_given(stage: Stage) -> None:
    amounts = {"a": Decimal("218.75"), "b": Decimal("0.10"), "c": Decimal("1E+2"), "d": Decimal("0E-9"), "e": 7}
    client(stage.url).post("/3/vouchers", {"Voucher": {**amounts, "text": "Köp – é"}}, {"financialyear": 3})
    sent = stage.seen[0]
    assert sent.body.decode() == ('{"Voucher":{"a":218.75,"b":0.10,"c":100,"d":0.000000000,"e":7,"text":"Köp – é"}}')
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["Authorization"] == "Bearer token-1"
    assert sent.query == {"financialyear": ["3"]}


@pytest.mark.parametrize("body", [{"a": 1.5}, {"rows": [{"a": 1.5}]}, {"rows": ({"a": float("nan")},)}])
def test_a_float_is_never_sent(stage: Stage, body: object) -> None:
    with pytest.raises(TypeError, match="float"):
        client(stage.url).post("/3/vouchers", body)
    assert stage.seen == []


def test_an_amount_that_is_not_finite_is_never_sent(stage: Stage) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        client(stage.url).post("/3/vouchers", {"a": Decimal("NaN")})
    assert stage.seen == []


def test_an_action_has_no_body(stage: Stage) -> None:
    client(stage.url).put(path("invoices", 12, "bookkeep"))
    sent = stage.seen[0]
    assert (sent.method, sent.path, sent.body) == ("PUT", "/3/invoices/12/bookkeep", b"")
    assert "Content-Type" not in sent.headers


def test_an_upload_is_multipart_with_the_file_name_as_it_is(stage: Stage) -> None:
    client(stage.url).upload("/3/inbox", "kvitto åäö.pdf", b"%PDF", {"path": "inbox_v"}, "application/pdf")
    sent = stage.seen[0]
    assert sent.query == {"path": ["inbox_v"]}
    assert sent.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert 'name="file"; filename="kvitto åäö.pdf"'.encode() in sent.body
    assert b"%PDF" in sent.body


def test_a_path_may_hold_any_number() -> None:
    assert path("customers", "a/b c", "x") == "/3/customers/a%2Fb%20c/x"


def test_the_base_may_be_written_with_the_version(stage: Stage) -> None:
    client(stage.url + "/3/").get("/3/customers")
    assert stage.seen[0].path == "/3/customers"


@pytest.mark.parametrize("base", ["", "api.fortnox.se", "ftp://api.fortnox.se", "https://"])
def test_a_base_that_is_no_address_is_refused_at_once(base: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        client(base)


def test_a_netrc_entry_does_not_replace_the_token(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client(stage.url).get("/3/customers")
    assert stage.seen[0].headers["Authorization"] == "Bearer token-1"


def test_a_redirect_is_not_followed(stage: Stage) -> None:
    with staged(lambda request: OK) as elsewhere:
        stage.play = lambda request: Reply(307, b"", {"Location": elsewhere.url + "/3/invoices"})
        with pytest.raises(InDoubt):
            client(stage.url).post("/3/invoices", {})
        assert elsewhere.seen == []


# --- what comes back --------------------------------------------------------------------------------------------------


def test_numbers_come_back_as_decimal(stage: Stage) -> None:
    stage.play = lambda request: Reply(201, b'{"Invoice":{"Total":218.75,"Balance":0,"OCR":"133"}}')
    answer = client(stage.url).post("/3/invoices", {})
    assert answer == {"Invoice": {"Total": Decimal("218.75"), "Balance": 0, "OCR": "133"}}
    assert isinstance(answer["Invoice"]["Total"], Decimal)


def test_an_empty_answer_is_an_empty_object(stage: Stage) -> None:
    stage.play = lambda request: Reply(204, b"")
    assert client(stage.url).delete("/3/customers/1") == {}


def test_json_is_read_under_a_wrong_content_type(stage: Stage) -> None:
    stage.play = lambda request: Reply(200, b'{"a":1}', {"Content-Type": "text/html"})
    assert client(stage.url).get("/3/customers") == {"a": 1}


def test_sie_gives_the_bytes_as_they_are(stage: Stage) -> None:
    raw = '#FLAGGA 0\r\n#FNAMN "Åkeri"\r\n'.encode("cp437")
    stage.play = lambda request: Reply(200, raw, {"Content-Type": "application/octet-stream"})
    assert client(stage.url).sie(4, 7) == raw
    assert (stage.seen[0].path, stage.seen[0].query) == ("/3/sie/4", {"financialyear": ["7"]})


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"ErrorInformation": {"error": 1, "message": "Ett ogiltigt filter.", "code": 2000587}}, 2000587, "Ett ogilt"),
        ({"ErrorInformation": {"Error": 1, "Message": "Kan inte hitta kunden.", "Code": 2000433}}, 2000433, "Kan inte"),
        ({"ErrorInformation": {"Error": 1, "Message": "Något", "Code": "2000433"}}, 2000433, "Något"),
        ({"ErrorInformation": {"Error": 1, "Message": "Utan kod"}}, None, "Utan kod"),
        ({"message": "gone"}, None, "gone"),
        (["unexpected"], None, "unexpected"),
    ],
)
def test_a_refusal_is_read_in_every_form(stage: Stage, body: object, code: int | None, message: str) -> None:
    stage.play = lambda request: reply(body, 400)
    with pytest.raises(Refused) as refused:
        client(stage.url).post("/3/invoices", {})
    assert refused.value.code == code
    assert refused.value.status == 400
    assert message in refused.value.message
    assert not isinstance(refused.value, Unauthorized)
    assert len(stage.seen) == 1


def test_a_refusal_names_the_remedy(stage: Stage) -> None:
    stage.play = lambda request: reply({"ErrorInformation": {"message": "Perioden är låst", "code": 2000401}}, 400)
    with pytest.raises(Refused, match="Unlock the period in Fortnox") as refused:
        client(stage.url).post("/3/vouchers", {})
    assert str(refused.value).startswith("POST /3/vouchers (400): Fortnox refused [2000401]: Perioden är låst. ")
    assert refused.value.remedy is not None and "Lås upp" in refused.value.remedy.remedy_sv


def test_an_html_page_becomes_one_line(stage: Stage) -> None:
    page = "<html><style>b{}</style><body><h1>Bad\nGateway</h1><script>x()</script></body>" + "lång " * 200
    stage.play = lambda request: Reply(502, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(InDoubt) as doubt:
        client(stage.url).post("/3/invoices", {})
    assert doubt.value.message.startswith("Bad Gateway lång")
    assert len(doubt.value.message) <= 301


def test_a_missing_scope_is_a_refusal_and_not_a_lost_login(stage: Stage) -> None:
    stage.play = lambda request: reply({"ErrorInformation": {"message": "scope", "code": 2000663}}, 403)
    with pytest.raises(Refused) as refused:
        client(stage.url).get("/3/vouchers")
    assert not isinstance(refused.value, Unauthorized)
    assert len(stage.seen) == 1


def test_no_error_tells_a_secret_or_what_was_searched_for(stage: Stage) -> None:
    stage.play = lambda request: Reply(500, b"oops")
    with pytest.raises(InDoubt) as doubt:
        client(stage.url).get("/3/customers", {"email": "anna@example.com"})
    with pytest.raises(NotDone) as refused:
        client(closed_port()).get("/3/customers", {"email": "anna@example.com"})
    for error in (doubt.value, refused.value):
        assert "anna" not in str(error) and "token" not in str(error)


# --- when a request is sent again -------------------------------------------------------------------------------------


def test_a_gateway_401_renews_the_token_once_also_for_a_write(stage: Stage) -> None:
    login = FixedToken()
    stage.play = in_turn(reply({"message": "unauthorized"}, 401), OK)
    assert client(stage.url, auth=login).post("/3/invoices", {}) == json.loads(OK.body)
    assert [request.headers["Authorization"] for request in stage.seen] == ["Bearer token-1", "Bearer token-2"]
    assert login.forgotten == ["token-1"]


def test_a_second_401_is_final(stage: Stage) -> None:
    stage.play = lambda request: reply({"message": "unauthorized"}, 401)
    with pytest.raises(Unauthorized, match="unauthorized"):
        client(stage.url).get("/3/customers")
    assert len(stage.seen) == 2


def test_a_login_without_another_token_is_not_asked_in_vain(stage: Stage) -> None:
    stage.play = lambda request: reply({"ErrorInformation": {"message": "Ogiltig inloggning", "code": 2000310}}, 400)
    with pytest.raises(Unauthorized, match="2000310"):
        client(stage.url, auth=OneToken()).get("/3/customers")
    assert len(stage.seen) == 1


@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_429_is_repeated_for_reads_and_writes(stage: Stage, method: str) -> None:
    stage.play = in_turn(Reply(429, b""), Reply(429, b"<html>slow down</html>"), OK)
    arguments: tuple[Any, ...] = ("/3/invoices", {}) if method != "get" else ("/3/invoices",)
    assert getattr(client(stage.url), method)(*arguments) == json.loads(OK.body)
    assert len(stage.seen) == 3


def test_429_holds_every_thread_back(stage: Stage) -> None:
    class Told(Limiter):
        told = threading.Event()

        def back_off(self, seconds: float) -> None:
            super().back_off(seconds)
            self.told.set()

    limiter = Told(interval=0, per_window=10**6)
    shared = client(stage.url, limiter=limiter, retries=Retries(throttled=0.3))
    stage.play = in_turn(Reply(429, b""), OK, OK)
    first = threading.Thread(target=shared.get, args=("/3/first",))
    first.start()
    assert limiter.told.wait(5)
    shared.get("/3/second")
    first.join()
    refused, *later = stage.seen
    assert len(later) == 2
    assert all(request.at - refused.at >= 0.3 for request in later)


def test_429_without_end_is_not_done(stage: Stage) -> None:
    stage.play = lambda request: Reply(429, b"")
    with pytest.raises(NotDone, match="nothing|Nothing") as tired:
        client(stage.url).post("/3/invoices", {})
    assert tired.value.status == 429
    assert len(stage.seen) == QUICK.tries


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500, b"x"),
        Reply(503, b"x"),
        Reply(408, b"x"),
        Reply(fault="reset"),
        Reply(fault="half"),
        Reply(200, b"<p>"),
    ],
    ids=["500", "503", "408", "reset", "half an answer", "not JSON"],
)
def test_a_write_in_doubt_is_sent_once_and_a_read_again(stage: Stage, trouble: Reply) -> None:
    stage.play = in_turn(trouble)
    with pytest.raises(InDoubt, match="looked up"):
        client(stage.url).post("/3/invoices", {"Invoice": {"CustomerNumber": "1"}})
    assert len(stage.seen) == 1

    stage.seen.clear()
    stage.play = in_turn(trouble, trouble, OK)
    assert client(stage.url).get("/3/invoices/1") == json.loads(OK.body)
    assert len(stage.seen) == 3


def test_a_read_is_given_up_after_its_tries(stage: Stage) -> None:
    stage.play = lambda request: Reply(500, b"")
    with pytest.raises(InDoubt):
        client(stage.url).get("/3/invoices")
    assert len(stage.seen) == QUICK.tries


@pytest.mark.parametrize("action", ["email", "print", "einvoice"])
def test_a_get_that_sends_the_invoice_is_a_write(stage: Stage, action: str) -> None:
    stage.play = lambda request: Reply(500, b"")
    with pytest.raises(InDoubt, match="looked up"):
        client(stage.url).get(path("invoices", 1, action))
    assert len(stage.seen) == 1


def test_silence_after_sending_is_in_doubt(stage: Stage) -> None:
    stage.play = lambda request: Reply(fault="silence")
    with pytest.raises(InDoubt, match="No answer within"):
        client(stage.url, timeout=(2, 0.2)).post("/3/invoices", {})
    assert len(stage.seen) == 1


def test_a_refused_connection_is_not_done_and_a_write_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    nobody = client(closed_port())
    with pytest.raises(NotDone, match="refused"):
        nobody.post("/3/invoices", {})
    assert nobody.requests["POST", "invoices"] == QUICK.tries
    assert len(caplog.records) == QUICK.tries - 1


def test_an_unknown_host_is_not_done() -> None:
    with pytest.raises(NotDone, match="host"):
        client("http://fortnox.invalid").post("/3/invoices", {})


def test_what_the_caller_is_handling_does_not_decide(stage: Stage) -> None:
    """A reset met while an older refused connection is being handled is in doubt all the same."""
    stage.play = lambda request: Reply(fault="reset")
    try:
        client(closed_port()).get("/3/invoices")
    except NotDone:
        with pytest.raises(InDoubt):
            client(stage.url).post("/3/invoices", {})


# --- lists ------------------------------------------------------------------------------------------------------------


def many(total: int, per_page: int) -> Any:
    def play(request: Request) -> Reply:
        page = int(request.query["page"][0])
        numbers = range(total)[(page - 1) * per_page : page * per_page]
        pages = -(-total // per_page)
        meta = {"@TotalResources": total, "@TotalPages": pages, "@CurrentPage": page}
        return reply({"MetaInformation": meta, "Customers": [{"CustomerNumber": str(n)} for n in numbers]})

    return play


def test_pages_gives_every_item(stage: Stage) -> None:
    stage.play = many(1203, 500)
    found = list(client(stage.url).pages("/3/customers", "Customers", {"filter": "active"}))
    assert [item["CustomerNumber"] for item in found] == [str(n) for n in range(1203)]
    assert [request.query for request in stage.seen] == [
        {"limit": ["500"], "filter": ["active"], "page": [str(page)]} for page in (1, 2, 3)
    ]


def test_an_empty_list_is_one_request(stage: Stage) -> None:
    stage.play = many(0, 500)
    assert list(client(stage.url).pages("/3/customers", "Customers")) == []
    assert len(stage.seen) == 1


def test_a_list_without_page_count_is_one_page(stage: Stage) -> None:
    stage.play = lambda request: reply({"VoucherFileConnections": [{"FileId": "a"}]})
    assert list(client(stage.url).pages("/3/voucherfileconnections", "VoucherFileConnections")) == [{"FileId": "a"}]


def test_a_full_list_without_page_count_is_not_taken_for_the_whole(stage: Stage) -> None:
    stage.play = lambda request: reply({"Customers": [{}, {}]})
    with pytest.raises(InDoubt, match="how many pages"):
        list(client(stage.url).pages("/3/customers", "Customers", {"limit": 2}))


def test_an_answer_without_the_list_is_an_error(stage: Stage) -> None:
    stage.play = lambda request: reply({"Kunder": []})
    with pytest.raises(InDoubt, match="no list Customers"):
        list(client(stage.url).pages("/3/customers", "Customers"))


def test_find_takes_only_what_is_equal(stage: Stage) -> None:
    invoices = [{"ExternalInvoiceReference1": reference} for reference in ("ch_1", "ch_12", "xch_1", "CH_1")]
    stage.play = lambda request: reply({"MetaInformation": {"@TotalPages": 1}, "Invoices": invoices})
    found = client(stage.url).find(
        "/3/invoices", "Invoices", "ExternalInvoiceReference1", "ch_1", {"externalinvoicereference1": "ch_1"}
    )
    assert found == [{"ExternalInvoiceReference1": "ch_1"}]
    assert stage.seen[0].query["externalinvoicereference1"] == ["ch_1"]


# --- counting and threads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        ("/3/invoices", "invoices"),
        ("/3/invoices/12", "invoices/*"),
        ("/3/invoices/12/bookkeep", "invoices/*/bookkeep"),
        ("/3/vouchers/S/12", "vouchers/*/*"),
        ("/3/vouchers/sublist/S", "vouchers/sublist/*"),
        ("/3/settings/lockedperiod", "settings/lockedperiod"),
        ("/3/sie/4", "sie/4"),
        ("/api/warehouse/tenants-v4", "api/warehouse/tenants-v4"),
    ],
)
def test_requests_are_counted_by_endpoint(asked: str, counted: str) -> None:
    assert endpoint(asked) == counted


def test_one_client_serves_many_threads(stage: Stage) -> None:
    stage.play = lambda request: reply({"path": request.path})
    shared = client(stage.url)
    answers: list[Any] = []

    def ask(number: int) -> None:
        answers.extend(shared.get(path("invoices", number * 100 + n)) for n in range(25))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {path("invoices", number * 100 + n) for number in range(4) for n in range(25)}
    assert {answer["path"] for answer in answers} == expected
    assert shared.requests == {("GET", "invoices/*"): 100}


def test_every_error_is_a_fortnox_error() -> None:
    assert all(issubclass(kind, FortnoxError) for kind in (Refused, Unauthorized, NotDone, InDoubt))
    assert not issubclass(InDoubt, NotDone | Refused) and not issubclass(NotDone, Refused)
