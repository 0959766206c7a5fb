"""How hard the two services are asked, and for what not. The defaults stay under what they allow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from fortstripe_dagster.settings.group import Group


class StripeLimits(Group):
    """How hard Stripe is asked. The defaults stay under Stripe's own limits."""

    requests_per_second: int = Field(default=25, ge=1, description="Per endpoint, in any second; Stripe allows 25.")
    requests_per_second_account: int | None = Field(
        default=None, ge=1, description="In all; unset, what Stripe allows: 100 with a live key, 25 with a test key."
    )
    in_flight: int = Field(
        default=32, ge=1, le=100, description="Requests under way at once, at most; fewer where the rate needs fewer."
    )
    document_lookback_days: int = Field(
        default=90, ge=0, description="How long before the first synced day an invoice may have been drafted."
    )
    switched_off: tuple[
        Literal["checkout_sessions", "payment_intents", "topups", "transfers", "application_fees"], ...
    ] = Field(default=(), description="Streams that are not read, since the company has no use for them.")
    rest_after_failures: int = Field(
        default=5,
        ge=0,
        description="Requests given up in a row after which Stripe is left alone for a while; 0: never.",
    )
    personal_fields: Literal["drop", "keep"] = Field(
        default="drop",
        description="Whether what Stripe tells of people and the books do not need is left out of what is stored.",
    )
    leave_out: tuple[Annotated[str, Field(pattern=r"^[a-z_]+(\.[A-Za-z0-9_-]+)+$")], ...] = Field(
        default=(),
        description="Further fields to leave out, as `stream.field`; `customers.metadata.ssn` names one inside.",
    )
    use_reports: Literal["auto", "off"] = Field(
        default="auto",
        description="Whether past days are compared with Stripe's own report, where the key may have one made.",
    )


class FortnoxLimits(Group):
    """How the login to Fortnox is kept, how hard it is asked, and when a lost answer may be sent again."""

    auth: Literal["client_credentials", "refresh_token"] = Field(
        default="client_credentials",
        description="The login: a service account, or what `fortstripe connect` got from a person, renewed each hour.",
    )
    token_file: Path | None = Field(
        default=None, description="Where a person's login is kept; unset: fortnox-tokens.json in `home`."
    )
    requests_per_5_seconds: int = Field(default=24, ge=1, description="Fortnox allows 25 for a client and company.")
    in_flight: int = Field(default=4, ge=1, le=16, description="Customers' chains worked on in parallel.")
    rest_after_failures: int = Field(
        default=5,
        ge=0,
        description="Requests given up in a row after which Fortnox is left alone for a while; 0: never.",
    )
    settle_seconds: float = Field(
        default=60, ge=0, description="How long after a lost answer Fortnox's lists are trusted to show the document."
    )
