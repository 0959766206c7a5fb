"""What can go wrong between us and Fortnox, sorted by the one question that matters: did it take effect?

    FortnoxError
    ├── Refused           4xx: certain that nothing happened
    │   └── Unauthorized  the login itself is wrong: nothing works until a person acts
    ├── NotDone           never reached the books (429, no connection, no token): certain that nothing was done
    └── InDoubt           5xx, timeout, reset, unreadable answer: a write may or may not have taken effect

Only the exceptions live here; how an answer becomes one of them is the business of `answers`.
"""

from __future__ import annotations

from .error_codes import Remedy, remedy


class FortnoxError(Exception):
    """A request that did not give a usable answer. `str()` is one line: what happened, and what to do now.

    `status` is the HTTP status, None where there was no answer. `message` is Fortnox's own text or ours about the
    connection. Query strings are left out on purpose: they hold e-mail addresses and names.
    """

    advice = ""

    def __init__(self, method: str, path: str, message: str, *, status: int | None = None) -> None:
        self.method = method
        self.path = path
        self.message = message
        self.status = status
        super().__init__(method, path, message)

    def __str__(self) -> str:
        answered = f" ({self.status})" if self.status else ""
        return f"{self.method} {self.path}{answered}: {_sentence(self.message)} {self.advice}".rstrip()


class Refused(FortnoxError):
    """Fortnox said no. Nothing happened; the same request will be refused again until something is changed."""

    def __init__(
        self, method: str, path: str, message: str, *, status: int | None = None, code: int | None = None
    ) -> None:
        super().__init__(method, path, message, status=status)
        self.code = code

    @property
    def remedy(self) -> Remedy | None:
        """Cause and remedy of the code or message, None where it is unknown."""
        return remedy(self.code, self.message)

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        code = f" [{self.code}]" if self.code else ""
        known = self.remedy
        advice = f"{known.cause_en} {known.remedy_en}" if known else self.advice
        return f"{self.method} {self.path}{status}: Fortnox refused{code}: {_sentence(self.message)} {advice}".rstrip()


class Unauthorized(Refused):
    """Token, client id, client secret or consent is wrong: every request will be refused until a person acts."""

    advice = "Check the client id, client secret and tenant id, and that the company's consent still stands."


class NotDone(FortnoxError):
    """The request never reached the books. It is safe to send it again later."""

    advice = "Nothing was done; it is safe to run again."


class InDoubt(FortnoxError):
    """No usable answer came. A write may have taken effect: look the document up before it is sent again."""

    advice = "If this was a write, it may have taken effect: it must be looked up before it is sent again."


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
