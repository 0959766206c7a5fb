"""By what a company can be told something when its file cannot be used: the environment, and what `[alerts]` says."""

from __future__ import annotations

import tomllib

from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from fortstripe_dagster.settings.alerts import Alerts
from fortstripe_dagster.settings.companies import company_files, own_values
from fortstripe_dagster.settings.environment import Environment


class Reachable(Environment):
    """The channels of a company, without what it has decided."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="FORTSTRIPE_", case_sensitive=False)

    alerts: Alerts = Field(default=Alerts(), description="Where alerts go.")


def reachable(company: str) -> Reachable:
    """One of several companies. What of its file is no TOML, or no alerts, counts as not said."""
    one = next(one for one in company_files() if one.name == company)
    variables = [str(field.validation_alias) for field in Reachable.model_fields.values() if field.validation_alias]
    try:
        alerts = Alerts(**tomllib.loads(one.path.read_text(encoding="utf-8")).get("alerts", {}))
    except (OSError, ValueError, TypeError, ValidationError):
        alerts = Alerts()
    return Reachable(**{**own_values(one, variables), "alerts": alerts})
