"""A small real HTTP server that plays what a test tells it to, faults of the network included."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "../shared/specs"


@dataclass
class Request:
    """What arrived, and when (seconds of time.monotonic)."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Reply:
    """What the server does. `fault`: "reset" cuts the connection instead of answering, "half" within the answer,
    "silence" answers nothing until the test is over."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    fault: str = ""


def reply(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


Play = Callable[[Request], Reply]


class Stage:
    """A running server. `play` decides each answer; `seen` holds what arrived, in order."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.seen: list[Request] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            self.seen.append(request)
            return self.play(request)

    def _handler(stage) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet

            def handle_any(self) -> None:
                at = time.monotonic()
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = parse_qs(address.query, keep_blank_values=True)
                played = stage._answer(Request(self.command, address.path, query, dict(self.headers.items()), body, at))
                if played.fault == "silence":
                    stage.over.wait()
                if played.fault in ("silence", "reset"):
                    self._reset()
                    return
                self.send_response(played.status)
                for name, value in played.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(played.body)))
                self.end_headers()
                if played.fault == "half":
                    self.wfile.write(played.body[: len(played.body) // 2])
                    self.wfile.flush()
                    self._reset()
                    return
                self.wfile.write(played.body)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def _reset(self) -> None:
                # Linger 0: the kernel sends RST, as when a server dies.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@contextmanager
def staged(play: Play) -> Iterator[Stage]:
    stage = Stage(play)
    try:
        yield stage
    finally:
        stage.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server that answers {} until the test sets `stage.play`."""
    with staged(lambda request: Reply()) as running:
        yield running


def in_turn(*replies: Reply) -> Play:
    """Give these answers one after the other; asked for more, the test fails with 599."""
    waiting = list(replies)
    return lambda request: waiting.pop(0) if waiting else Reply(599, b"asked once too often")


def child(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process that has imported all it needs and waits to be told `go`."""
    running = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout is not None and running.stdout.readline() == "ready\n"
    return running


def go(*children: subprocess.Popen[str]) -> None:
    for running in children:
        assert running.stdin is not None
        running.stdin.write("go\n")
        running.stdin.flush()


def closed_port() -> str:
    """An address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
