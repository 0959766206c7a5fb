"""Dagster's web server as a test talks to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import requests


class GraphQL:
    """The UI's own door. Answers are waited for until the deadline, without counting on how long a start takes."""

    def __init__(self, url: str, deadline: float) -> None:
        self.url = url
        self.deadline = deadline

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.post(self.url, json={"query": query, "variables": variables or {}}, timeout=30).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def until(
        self, query: str, ready: Callable[[dict[str, Any]], Any], variables: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        while time.monotonic() < self.deadline:
            try:
                data = self.ask(query, variables)
                if ready(data):
                    return data
            except requests.ConnectionError:
                pass  # not listening yet
            time.sleep(0.5)
        raise AssertionError(f"no answer in time: {query}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
