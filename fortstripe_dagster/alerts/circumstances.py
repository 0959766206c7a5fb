"""Alerts that are no row of a table: nothing ran, the month's reading is nearly spent, a login ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb

from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.extract.budget import spent
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import has_table

REFRESH_TOKEN_LIVES = timedelta(days=31)
"""Fortnox says 45 days, and said 31 before (reference, login): the shorter is sure."""
CONSENT_WARNING = timedelta(days=10)

_LAST_RUN = "SELECT max(started_at) FROM delivery.runs WHERE finished_at IS NOT NULL"


def in_tables(connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime) -> list[Alert]:
    """What the warehouse tells about how the project is run."""
    return [*_silence(connection, settings, now), *_budget(connection, now)]


def of_login(settings: Settings, now: datetime) -> list[Alert]:
    """A person's login ends when it is not renewed for a month; a service account's consent has no end."""
    if settings.fortnox.auth != "refresh_token":
        return []
    connect = "run `fortstripe connect`: a person consents anew, in a minute."
    file = settings.fortnox_tokens_path
    if not file.is_file():
        return [Alert("consent", "fortnox", "There is no login to Fortnox: nothing can be delivered.", connect, True)]
    ends = datetime.fromtimestamp(file.stat().st_mtime, UTC) + REFRESH_TOKEN_LIVES
    if ends - now > CONSENT_WARNING:
        return []
    text = f"The login to Fortnox was not renewed for long and may end on {ends:%Y-%m-%d}."
    return [Alert("consent", "fortnox", text, f"let a run renew it before; after that day, {connect}", True)]


def _silence(connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime) -> list[Alert]:
    """The dead man's switch: a company that was delivered once is delivered every night."""
    if not has_table(connection, "delivery.runs"):
        return []
    row = connection.execute(_LAST_RUN).fetchone()
    last = row[0] if row else None
    if last is None or now - last < timedelta(hours=settings.alerts.silent_hours):
        return []
    return [
        Alert(
            "silence",
            "runs",
            f"Nothing was delivered since {last:%Y-%m-%d %H:%M} UTC, more than {settings.alerts.silent_hours} hours.",
            "see whether the Dagster daemon runs and the schedule `nightly` is on; it makes up for the missed days.",
            urgent=True,
        )
    ]


def _budget(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Alert]:
    if not (has_table(connection, "stripe.requests") and has_table(connection, "stripe.charges")):
        return []
    month = spent(connection, now)
    if not month.is_near:
        return []
    return [
        Alert(
            "budget",
            "stripe",
            f"More than four fifths of the {month.allotted} requests that Stripe allots in 30 days are used.",
            "raise poll_minutes, sync fewer days at a time, or see what else reads with this account.",
        )
    ]
