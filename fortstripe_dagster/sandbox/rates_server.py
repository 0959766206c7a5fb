"""The Riksbank's exchange rates over HTTP: /swea/v1/Observations/{series}/{from}[/{to}], as the real API answers."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.banking_days import is_banking_day
from fortstripe_dagster.sandbox.official_rates import SERIES, official_rate
from fortstripe_dagster.sandbox.stripe.encoding import json_response


def rates_app(*, last_published: date | None = None) -> Starlette:
    """The rates of all banking days up to `last_published` (default: today). No key is needed, as in life.

    Answers 204 with no body for a range without observations, 404 for an unknown series, 400 for what is no date.
    """

    async def observations(request: Request) -> Response:
        series = request.path_params["series"]
        try:
            first = date.fromisoformat(request.path_params["first"])
            asked = date.fromisoformat(request.path_params.get("last", "9999-12-31"))
        except ValueError:
            return _problem(400, "The date is not valid, give it as YYYY-MM-DD.")
        if series not in SERIES:
            return _problem(404, f"Series {series} was not found.")
        last = min(asked, last_published or date.today())
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        rows = [
            {"date": day.isoformat(), "value": official_rate(SERIES[series], day)}
            for day in days
            if is_banking_day(day)
        ]
        return json_response(rows) if rows else Response(status_code=204)

    path = "/swea/v1/Observations/{series}/{first}"
    return Starlette(routes=[Route(path, observations), Route(path + "/{last}", observations)])


def _problem(status: int, message: str) -> Response:
    return json_response({"statusCode": status, "message": message}, status=status)
