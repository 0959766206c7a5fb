"""What Stripe answers when it refuses: one exception, in Stripe's error body."""

from __future__ import annotations

from starlette.responses import Response

from fortstripe_dagster.sandbox.stripe.encoding import json_response


class StripeRefusal(Exception):
    """A refusal with its HTTP status; `code` and `param` as in Stripe's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.error = {"message": message, "type": "invalid_request_error"}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param

    def response(self) -> Response:
        """The refusal over HTTP."""
        return json_response({"error": self.error}, status=self.status, headers=self.headers)


def missing(kind: str, id: str, *, status: int = 404, param: str = "id") -> StripeRefusal:
    """No object has this id."""
    return StripeRefusal(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def unknown_parameter(name: str) -> StripeRefusal:
    """The endpoint does not take this parameter."""
    return StripeRefusal(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def unknown_url(method: str, path: str) -> StripeRefusal:
    """Stripe has no such endpoint, or the stand-in does not play it."""
    return StripeRefusal(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
    )


def forbidden(key: str, account: str, permission: str) -> StripeRefusal:
    """A restricted key without the permission that the endpoint needs."""
    return StripeRefusal(
        403,
        f"The provided key '{redacted(key)}' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{permission}' permission would allow this request to continue.",
        code="more_permissions_required",
    )


def redacted(key: str) -> str:
    """An API key as Stripe prints it: prefix, asterisks, last four."""
    prefix = key[: key.rfind("_") + 1]
    return f"{prefix}{'*' * max(len(key) - len(prefix) - 4, 0)}{key[-4:]}"
