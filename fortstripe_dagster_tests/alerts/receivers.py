"""Who gets alerts in tests: an HTTP server that keeps what was posted, and a mail server that speaks enough SMTP."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.servers import serve


@dataclass
class Posted:
    """What was posted to `url`; `status` is what it answers."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def http_receiver() -> Iterator[Posted]:
    """An address that takes posts."""
    posted = Posted()

    async def take(request: Request) -> Response:
        posted.bodies.append(await request.body())
        posted.headers.append(dict(request.headers))
        return PlainTextResponse("ok", status_code=posted.status)

    with serve(Starlette(routes=[Route("/services/T0/B0/planted-secret", take, methods=["POST"])])) as server:
        posted.url = f"{server.url}/services/T0/B0/planted-secret"
        yield posted


@dataclass
class Mailbox:
    """Mails that were sent to `port`, and to whom; an address in `refused` is not taken."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A mail server without encryption or login, as on a company's own network."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 mail.test ESMTP")
            to: list[str] = []
            while line := self.rfile.readline().decode().strip():
                command = line.split(":")[0].split()[0].upper()
                address = line.partition("<")[2].partition(">")[0]
                if command == "RCPT" and address in box.refused:
                    self.say("550 no such person")
                elif command == "RCPT":
                    to.append(address)
                    self.say("250 ok")
                elif command == "DATA":
                    self.say("354 go on")
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    made: Any = message_from_bytes(body, policy=policy.default)
                    box.mails.append(made)
                    box.receivers.append(to)
                    self.say("250 taken")
                elif command == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()
