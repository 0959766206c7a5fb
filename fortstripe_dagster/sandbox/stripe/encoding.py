"""Bodies as Stripe sends them: JSON whose numbers never pass through a float."""

from __future__ import annotations

from typing import Any

import simplejson
from starlette.responses import Response


def json_response(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response with `body` as JSON; Decimals become numbers with all their digits."""
    text = simplejson.dumps(body, use_decimal=True, separators=(",", ":"))
    return Response(text, status_code=status, headers=headers, media_type="application/json")
