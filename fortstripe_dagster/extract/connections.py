"""The connections to Stripe, kept open and shared by all threads: how the `stripe` package sends what it has composed.

Its own way, through `requests`, costs twice the CPU of the answer it brings. Proxies and certificates are as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy


class Connections(stripe.HTTPClient):
    """Sends one request and answers with its whole response, whatever the status; what fails is raised as it is.

    Redirections are not followed: Stripe makes none, and the key goes to nobody else.
    """

    name = "urllib3"

    def __init__(self, base: str, at_once: int, *, connect_timeout: float, read_timeout: float) -> None:
        super().__init__()
        adapter = HTTPAdapter(pool_maxsize=at_once)
        proxy = select_proxy(base, get_environ_proxies(base))
        self._pools: urllib3.PoolManager = adapter.proxy_manager_for(proxy) if proxy else adapter.poolmanager
        self._pools.connection_pool_kw["ca_certs"] = stripe.ca_bundle_path
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)

    def request_stream(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[urllib3.BaseHTTPResponse, int, Mapping[str, str]]:
        """The response with its body read to the end, its status, its headers. Raises urllib3's HTTPError."""
        answer = self._pools.request(
            method.upper(),
            url,
            headers={**(headers or {}), "Accept-Encoding": "gzip, deflate"},
            body=post_data,
            timeout=self._timeout,
            retries=False,
        )
        return answer, answer.status, answer.headers

    def close(self) -> None:
        """Close the connections."""
        self._pools.clear()
