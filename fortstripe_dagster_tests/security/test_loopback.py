"""What listens by default listens on this machine alone. `make dev` is looked at where it runs, in kills."""

from __future__ import annotations

import os
import socket

from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster_tests.security.listening import listening


def test_the_stand_ins_listen_on_loopback() -> None:
    before = listening(os.getpid())
    with serve(rates_app()) as server:
        port = int(server.url.rsplit(":", 1)[1])
        assert listening(os.getpid()) - before == {("127.0.0.1", port)}


def test_a_listener_on_every_address_would_be_seen() -> None:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        four.bind(("0.0.0.0", 0))
        four.listen()
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", 0))
        six.listen()
        heard = listening(os.getpid())
        assert ("0.0.0.0", four.getsockname()[1]) in heard
        assert ("::", six.getsockname()[1]) in heard
