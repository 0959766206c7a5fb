"""Serving on loopback: ready at once, gone when stopped, clear when the port is taken."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import PortInUse, serve

PATH = "/swea/v1/Observations/SEKEURPMI/2026-03-02/2026-03-02"


def test_answers_at_once_and_no_more_after_stop() -> None:
    server = serve(rates_app())
    assert server.url.startswith("http://127.0.0.1:")
    assert requests.get(server.url + PATH, timeout=10).status_code == 200
    server.stop()
    server.stop()
    assert not [thread for thread in threading.enumerate() if server.url in thread.name]
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url + PATH, timeout=10)


def test_the_same_port_again_after_stop() -> None:
    with serve(rates_app()) as first:
        port = int(first.url.rpartition(":")[2])
    with serve(rates_app(), port) as second:
        assert second.url == first.url
        assert requests.get(second.url + PATH, timeout=10).status_code == 200


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with serve(rates_app()) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(PortInUse, match=f"Port {port} .* is in use .*: stop what listens there or choose another"):
            serve(rates_app(), port)


def test_a_server_that_nobody_asks_ends_at_once() -> None:
    def seconds() -> float:
        with requests.Session() as session, serve(rates_app()) as server:
            assert session.get(server.url + PATH, timeout=10).status_code == 200
            begun = time.monotonic()
            server.stop()
            return time.monotonic() - begun

    assert min(seconds() for _ in range(5)) < 0.05, "it waits for a tick, or for an idle connection"


def test_an_answer_under_way_is_finished_before_the_end() -> None:
    asked = threading.Event()

    async def slow(request: Request) -> Response:
        asked.set()
        await asyncio.sleep(0.1)
        return Response("said")

    with ThreadPoolExecutor() as pool, serve(Starlette(routes=[Route("/", slow)])) as server:
        answer = pool.submit(requests.get, server.url, timeout=10)
        assert asked.wait(10)
        server.stop()
        assert answer.result().text == "said"
