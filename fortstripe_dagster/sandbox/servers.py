"""Serve an ASGI application on loopback from a background thread, for as long as a test, demo or sandbox needs it."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"


class PortInUse(RuntimeError):
    """The wanted port is taken by another process."""


class RunningServer:
    """A server that answers at `url` until `stop()`; also a context manager that stops it."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name=f"sandbox {self.url}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finish open requests, free the port. Safe to call twice."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(app: ASGIApp, port: int = 0) -> RunningServer:
    """Serve `app` on loopback; port 0 takes any free one. The socket accepts before this returns, so no caller waits.

    Raises PortInUse, naming the port and the remedy, when somebody else listens there.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"Port {port} on {HOST} is in use ({error.strerror}): stop what listens there or choose another port."
        ) from error
    return RunningServer(app, listener)


class DroppedConnection(Response):
    """A fault: send `after` (perhaps nothing) and reset the connection, as a broken network does."""

    def __init__(self, after: bytes = b"") -> None:
        super().__init__(content=after, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.body:
            promised = [(b"content-type", b"application/json"), (b"content-length", str(len(self.body) + 1).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": promised})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        # ASGI knows no way to reset; uvicorn's receive is a method of the cycle that owns the transport.
        receive.__self__.transport.abort()  # type: ignore[attr-defined]
        while (await receive())["type"] != "http.disconnect":
            pass
