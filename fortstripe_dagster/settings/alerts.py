"""Who is told when something needs a person, how often, and from when on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fortstripe_dagster.settings.group import Group

AlertKind = Literal[
    "run", "silence", "service", "document", "proof", "dispute", "payment_failure", "watchdog", "unknown", "budget",
    "consent", "closing", "settings",
]  # fmt: skip


class Alerts(Group):
    """Where alerts go and when. Addresses that are secrets in themselves stand in the environment."""

    email_to: tuple[str, ...] = Field(default=(), description="Who gets alerts by e-mail; nobody if empty.")
    email_from: str = Field(default="fortstripe@localhost", description="The sender of e-mails.")
    smtp_host: str = Field(default="localhost", description="The mail server.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with tls.")
    smtp_user: str = Field(default="", description="Login of the mail server; its password is ALERT_SMTP_PASSWORD.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the mail server is encrypted."
    )
    leave_out: tuple[AlertKind, ...] = Field(default=(), description="Kinds of alert that nobody wants.")
    repeat_days: int = Field(default=7, ge=1, description="An alert that still holds is told again after these days.")
    silent_hours: int = Field(default=30, ge=1, description="Hours without a run after which that itself is an alert.")
    evidence_days: int = Field(
        default=3, ge=0, description="Days before the evidence of a dispute is due from which it is urgent."
    )
    failed_payment_days: int = Field(default=3, ge=1, description="For how many days failed payments are told.")
    close_day: int = Field(
        default=12, ge=1, le=28, description="Day of the month by which the month before is closed or its VAT filed."
    )
    close_warning_days: int = Field(
        default=5, ge=0, description="Days before that from which documents that are still missing are an alert."
    )
    stripe_status: str = Field(
        default="https://status.stripe.com/current/full", description="Stripe's public status, read when it fails."
    )
    fortnox_status: str = Field(
        default="https://status.fortnox.se/api/v2/summary.json",
        description="Fortnox's public status, read when it fails.",
    )
