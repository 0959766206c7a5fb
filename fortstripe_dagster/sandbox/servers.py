"""Serve an ASGI application on loopback from a background thread, for as long as a test, demo or sandbox needs it."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from types import TracebackType

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"


class PortInUse(RuntimeError):
    """The wanted port is taken by another process."""


class _Told(uvicorn.Server):
    """uvicorn looks ten times a second whether to end, and again whether all is said; this one is told and ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def end(self) -> None:
        """Finish open requests and end; from any thread."""
        self.should_exit = True
        if self._loop:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), timeout=1)  # the header `date` is made in each tick

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            await asyncio.wait_for(self._all_said(), timeout=self.config.timeout_graceful_shutdown)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()

    async def _all_said(self) -> None:
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        for server in self.servers:
            await server.wait_closed()


class RunningServer:
    """A server that answers at `url` until `stop()`; also a context manager that stops it."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Told(config)
        self._listener = listener
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name=f"sandbox {self.url}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finish open requests, free the port. Safe to call twice."""
        self._server.end()
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
