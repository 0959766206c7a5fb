"""A company as a real run meets it: a fortstripe.toml and the environment variables, nothing handed over in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from fortstripe_dagster.settings import Settings

CHOSEN = """
start_date = 2026-03-01
sales = "invoice"
invoice_issuer = "stripe"
processing_fee_vat = "exempt"
dispute_lost = "credit"
bank_leg = "book"
[default_supply]
kind = "e-service"
vat_rate = 25
[oss]
status = "off"
previous_year_turnover = 0
outside_stripe = "none"
[accounts.clearing]
SEK = 1686
[stripe]
requests_per_second = 500
requests_per_second_account = 1000
[fortnox]
requests_per_5_seconds = 5000
settle_seconds = 0.2
"""


def servers_of(settings: Settings) -> dict[str, str]:
    """The environment variables by which a run finds the company's servers and is let in."""
    return {
        "STRIPE_API_KEY": settings.stripe_api_key.get_secret_value(),
        "STRIPE_API_BASE": settings.stripe_api_base,
        "FORTNOX_CLIENT_ID": settings.fortnox_client_id.get_secret_value(),
        "FORTNOX_CLIENT_SECRET": settings.fortnox_client_secret.get_secret_value(),
        "FORTNOX_TENANT_ID": settings.fortnox_tenant_id,
        "FORTNOX_API_BASE": settings.fortnox_api_base,
        "FORTNOX_AUTH_BASE": settings.fortnox_auth_base,
        "RATES_API_BASE": settings.rates_api_base,
    }


def configure(settings: Settings, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the file into `directory` and point the environment at it and at the servers of `settings`."""
    config = directory / "fortstripe.toml"
    config.write_text(CHOSEN)
    for name, value in {
        "FORTSTRIPE_CONFIG": str(config),
        "FORTSTRIPE_HOME": str(settings.home),
        **servers_of(settings),
    }.items():
        monkeypatch.setenv(name, value)
