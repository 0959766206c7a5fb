"""What can go wrong between us and Fortnox, sorted by the one question that matters: did it take effect?

    FortnoxError
    ├── Refused           4xx: certain that nothing happened
    │   └── Unauthorized  the login itself is wrong: nothing works until a person acts
    ├── NotDone           never reached the books (429, no connection, no token): certain that nothing was done
    │   └── ReadOnly      a write by a client that may only read: not even sent
    └── InDoubt           5xx, timeout, reset, unreadable answer: a write may or may not have taken effect

Only the exceptions live here; how an answer becomes one of them is the business of `answers`.
"""

from __future__ import annotations

from .error_codes import Remedy, remedy

_SENDING = frozenset({"email", "einvoice", "eprint", "print", "printreminder"})
"""Fortnox sends or marks a document as sent when these are merely fetched."""


class FortnoxError(Exception):
    """A request that did not give a usable answer. `str()` is one line: what happened, and what to do now.

    `status` is the HTTP status, None where there was no answer. `message` is Fortnox's own text or ours about the
    connection. Query strings are left out on purpose: they hold e-mail addresses and names.
    """

    def __init__(self, method: str, path: str, message: str, *, status: int | None = None) -> None:
        self.method = method
        self.path = path
        self.message = message
        self.status = status
        super().__init__(method, path, message)

    @property
    def is_read(self) -> bool:
        """Whether the request could change nothing, so that it may be sent any number of times."""
        return self.method == "GET" and self.path.rsplit("/", 1)[-1] not in _SENDING

    @property
    def advice(self) -> str:
        """What to do now."""
        return ""

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        return f"{self.method} {self.path}{status}: {self._told()} {self.advice}".rstrip()

    def _told(self) -> str:
        """What happened, as a sentence."""
        return self.message if self.message.endswith((".", "!", "?")) else f"{self.message}."


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

    @property
    def advice(self) -> str:
        """Cause and remedy in English."""
        known = self.remedy
        return f"{known.cause_en} {known.remedy_en}" if known else ""

    def _told(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        return f"Fortnox refused{code}: {super()._told()}"


class Unauthorized(Refused):
    """Token, client id, client secret or consent is wrong: every request will be refused until a person acts."""

    @property
    def advice(self) -> str:
        """Cause and remedy in English; where the words say nothing more, what every login needs."""
        return super().advice or "Check client id, client secret and tenant id, and that the company's consent stands."


class NotDone(FortnoxError):
    """The request never reached the books. It is safe to send it again later."""

    @property
    def advice(self) -> str:
        """To run again."""
        return "Nothing was done; it is safe to run again."


class ReadOnly(NotDone):
    """This client may only read, and was asked to write. Nothing was sent."""

    @property
    def advice(self) -> str:
        """That it was our own doing."""
        return "Nothing was sent: this client may only read."


class InDoubt(FortnoxError):
    """No usable answer came. A write may have taken effect: look the document up before it is sent again."""

    @property
    def advice(self) -> str:
        """To look it up, or, after a read, to run again."""
        if self.is_read:
            return "Nothing was changed; run again in a while."
        return "It may have taken effect: it must be looked up before it is sent again."
