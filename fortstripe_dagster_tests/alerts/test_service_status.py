"""The vendors' status pages, and on which side a failure is. What is not understood is never good news."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from fortstripe_dagster.alerts.service_status import Status, read, side, understood
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster_tests.alerts.test_tell import settings


def summary(indicator: str, **components: str) -> dict[str, Any]:
    """A Statuspage summary; components by name, underscores for spaces."""
    parts = [{"name": name.replace("_", " "), "status": status} for name, status in components.items()]
    return {"page": {"name": "x"}, "status": {"indicator": indicator, "description": "words"}, "components": parts}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"UptimeStatus": "up", "message": "All good"}, "up"),
        ({"UptimeStatus": "down"}, "down"),
        ({"UptimeStatus": "sideways"}, "could not tell"),
        (summary("none"), "up"),
        (summary("critical"), "down"),
        (summary("new word"), "could not tell"),
        (summary("none", Fortnox_API="major_outage", Fortnox_ID="operational"), "down"),
        (summary("none", Fortnox_API="operational", Fortnox_ID="partial_outage"), "degraded"),
        (summary("critical", Fortnox_API="operational", Capital="major_outage"), "up"),
        (summary("none", Fortnox_API="on fire"), "could not tell"),
        ({"status": "ok"}, "could not tell"),
        ([], "could not tell"),
    ],
)
def test_a_page_is_understood_or_tells_nothing(body: object, verdict: str) -> None:
    assert understood(body)[0] == verdict


def test_both_pages_are_read_and_an_answer_that_is_none_tells_nothing(tmp_path: Path) -> None:
    async def fortnox(request: Request) -> Response:
        return JSONResponse(summary("none", Fortnox_API="major_outage"))

    async def html(request: Request) -> Response:
        return HTMLResponse("<p>operational</p>")

    async def broken(request: Request) -> Response:
        return JSONResponse(summary("none"), status_code=503)

    with serve(Starlette(routes=[Route("/f", fortnox), Route("/h", html), Route("/b", broken)])) as server:
        chosen = {"fortnox_status": f"{server.url}/f", "stripe_status": f"{server.url}/h"}
        stripe, fortnox_says = read(settings(tmp_path, alerts=chosen))
        assert (stripe.verdict, fortnox_says.verdict) == ("could not tell", "down")
        assert fortnox_says.words == "Fortnox API major_outage"
        both = {"fortnox_status": "http://127.0.0.1:9/", "stripe_status": f"{server.url}/b"}
        stripe, fortnox_says = read(settings(tmp_path, alerts=both))
    assert stripe == Status("Stripe", "could not tell", "HTTP 503")
    assert fortnox_says == Status("Fortnox", "could not tell", "it could not be read")


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("down", "Fortnox fails, and says so itself."),
        ("up", "Fortnox fails for us, although it says that it is up."),
        ("could not tell", "Fortnox fails, and its status page could not be understood."),
    ],
)
def test_the_alert_names_the_side_and_quotes_both_pages(own: Any, says: str) -> None:
    alert = side("Fortnox", (Status("Stripe", "up", "fine"), Status("Fortnox", own, "")))
    assert alert.text == f"{says} Stripe's status page says up: fine; Fortnox's status page says {own}."
    assert alert.key == "service:Fortnox" and alert.remedy
