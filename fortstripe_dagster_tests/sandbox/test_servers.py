"""Serving on loopback: ready at once, gone when stopped, clear when the port is taken."""

from __future__ import annotations

import threading

import pytest
import requests

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
