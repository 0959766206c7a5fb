"""A plain HTTP client of the Stripe stand-in, for tests: no SDK between the test and the bytes."""

from __future__ import annotations

from typing import Any

import requests
import simplejson

from fortstripe_dagster.sandbox.stripe.gate import RateLimits

KEY = {"Authorization": "Bearer rk_test_sandbox"}


def unlimited() -> RateLimits:
    """Limits that no test reaches."""
    return RateLimits(per_endpoint=10**6, overall=10**6)


class Client:
    """Requests to a running stand-in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.headers.update(KEY)

    def get(self, path: str, **headers: str) -> requests.Response:
        """The raw answer."""
        return self._session.get(self.url + path, headers=headers, timeout=10)

    def body(self, path: str) -> dict[str, Any]:
        """The parsed answer, which must be a 200; numbers with a point are Decimals."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return simplejson.loads(answer.text, use_decimal=True)

    def text(self, path: str) -> str:
        """A file's content."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **form: Any) -> dict[str, Any]:
        """The answer to a form, whose dicts become `name[key]`."""
        flat = {
            key: value
            for name, given in form.items()
            for key, value in (
                {f"{name}[{part}]": each for part, each in given.items()}.items()
                if isinstance(given, dict)
                else [(name, given)]
            )
        }
        answer = self._session.post(self.url + path, data=flat, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def error(self, path: str, status: int) -> dict[str, Any]:
        """The error object of an answer, which must have this status."""
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    def ids(self, path: str) -> list[str]:
        """The ids of one page."""
        return [thing["id"] for thing in self.body(path)["data"]]

    def all(self, path: str, *, limit: int = 100) -> list[dict[str, Any]]:
        """Every object of a list, page by page."""
        mark = "&" if "?" in path else "?"
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"has_more": True}
        while page["has_more"]:
            cursor = f"&starting_after={found[-1]['id']}" if found else ""
            page = self.body(f"{path}{mark}limit={limit}{cursor}")
            found += page["data"]
        return found
