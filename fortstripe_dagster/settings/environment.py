"""What comes from the environment: secrets, addresses, and where the company's data lies. None of it is a choice."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Environment(BaseSettings):
    """The part of the settings that no file should hold."""

    home: Path = Field(default=Path(".fortstripe"), description="Data directory: warehouse, journal, spool.")
    company: str = Field(
        default="", validation_alias="FORTSTRIPE_COMPANY", description="Its name among several companies, else empty."
    )
    stripe_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="STRIPE_API_KEY", description="A restricted key with read access."
    )
    stripe_api_base: str = Field(
        default="https://api.stripe.com", validation_alias="STRIPE_API_BASE", description="Another address, for tests."
    )
    fortnox_client_id: SecretStr = Field(
        default=SecretStr(""), validation_alias="FORTNOX_CLIENT_ID", description="The integration's Client-Id."
    )
    fortnox_client_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="FORTNOX_CLIENT_SECRET", description="The integration's Client-Secret."
    )
    fortnox_tenant_id: str = Field(
        default="", validation_alias="FORTNOX_TENANT_ID", description="The company's database number in Fortnox."
    )
    fortnox_api_base: str = Field(
        default="https://api.fortnox.se", validation_alias="FORTNOX_API_BASE", description="Another address, for tests."
    )
    fortnox_auth_base: str = Field(
        default="https://apps.fortnox.se",
        validation_alias="FORTNOX_AUTH_BASE",
        description="Where tokens are had; another address, for tests.",
    )
    rates_api_base: str = Field(
        default="", validation_alias="RATES_API_BASE", description="Where exchange rates are read; unset, their source."
    )
    alert_slack_url: SecretStr = Field(
        default=SecretStr(""), validation_alias="ALERT_SLACK_URL", description="Slack's incoming webhook for alerts."
    )
    alert_smtp_password: SecretStr = Field(
        default=SecretStr(""), validation_alias="ALERT_SMTP_PASSWORD", description="Password of alerts.smtp_user."
    )
    alert_webhook_url: SecretStr = Field(
        default=SecretStr(""), validation_alias="ALERT_WEBHOOK_URL", description="Where alerts are posted as JSON."
    )
    alert_webhook_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="ALERT_WEBHOOK_SECRET", description="Signs what is posted there."
    )
