"""The Fortnox client of a company, made from its settings, and what it means when it fails a whole run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fortstripe_dagster.circuit import Circuit
from fortstripe_dagster.delivery.journal.claims import claim
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import (
    Auth,
    ClientCredentials,
    Fortnox,
    FortnoxError,
    Limiter,
    ReadOnly,
    RefreshTokens,
    Refused,
    Unauthorized,
)
from fortstripe_dagster.settings import Settings

WINDOW_SECONDS = 5.0
TIMEOUT_SECONDS = (5.0, 30.0)
"""For the connection and for an answer: well within `settle_seconds`, after which a lost request is sent again."""
_PACE = 0.9984
"""Requests are spaced evenly: 24 in 5 s are one each 208 ms."""


def connect(settings: Settings) -> Fortnox:
    """A client that shares its pace with every process of this machine that writes to the same Fortnox company.

    In shadow mode it is the one place that keeps everything from being written: the client may only read.

    Raises ConfigurationError when the environment lacks the integration's id, secret or tenant, or
    another company has what this one uses in Fortnox.
    """
    settings.require_fortnox()
    claim(settings)
    settings.fortnox_home.mkdir(parents=True, exist_ok=True)
    return Fortnox(
        api_base=settings.fortnox_api_base,
        auth=login(settings),
        limiter=Limiter(
            settings.fortnox_home / "fortnox-limiter.json",
            interval=pace(settings),
            window=WINDOW_SECONDS,
            per_window=settings.fortnox.requests_per_5_seconds,
        ),
        timeout=TIMEOUT_SECONDS,
        read_only=settings.mode == "shadow",
        breaker=Circuit(
            settings.fortnox_home / "fortnox-circuit.json", "Fortnox", settings.fortnox.rest_after_failures
        ),
    )


def login(settings: Settings) -> Auth:
    """The company's login: its service account, or a person's tokens."""
    if settings.fortnox.auth == "refresh_token":
        return persons_login(settings)
    return ClientCredentials(
        settings.fortnox_auth_base,
        settings.fortnox_client_id.get_secret_value(),
        settings.fortnox_client_secret.get_secret_value(),
        settings.fortnox_tenant_id,
    )


def persons_login(settings: Settings) -> RefreshTokens:
    """A person's login, kept in a file; `accept_code` stores the first tokens after the person's consent."""
    settings.fortnox_tokens_path.parent.mkdir(parents=True, exist_ok=True)
    return RefreshTokens(
        settings.fortnox_auth_base,
        settings.fortnox_client_id.get_secret_value(),
        settings.fortnox_client_secret.get_secret_value(),
        settings.fortnox_tokens_path,
    )


def pace(settings: Settings) -> float:
    """The least seconds between two requests."""
    return WINDOW_SECONDS / settings.fortnox.requests_per_5_seconds * _PACE


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error of the client that no single document is to blame for into DeliveryStopped."""
    try:
        yield
    except Unauthorized as error:
        raise DeliveryStopped(
            f"Fortnox does not take the login: {error.message}",
            "check FORTNOX_CLIENT_ID, FORTNOX_CLIENT_SECRET and FORTNOX_TENANT_ID, and that the consent still stands; "
            "`fortstripe connect` gets a new one.",
        ) from error
    except Refused as error:
        remedy = error.remedy
        raise DeliveryStopped(
            f"Fortnox refused {error.method} {error.path}: {error.message}",
            remedy.remedy_en if remedy else "give the integration the permission that Fortnox names, then run again.",
        ) from error
    except ReadOnly as error:
        raise DeliveryStopped(
            f'mode is "shadow", so {error.method} {error.path} was not sent.',
            'nothing was written; set mode = "live" when fortstripe is to write to Fortnox.',
        ) from error
    except FortnoxError as error:
        raise DeliveryStopped(
            f"Fortnox cannot be reached: {error.message}.",
            "run the same command again: it goes on where it stopped.",
        ) from error
