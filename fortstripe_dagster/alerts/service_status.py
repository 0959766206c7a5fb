"""What the two vendors' public status pages say, and so on which side a failure is.

Two formats are understood: Statuspage's summary (Fortnox uses it) and Stripe's own. Any other answer, or none, is
"could not tell": a page that changes its format must not be read as good news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import requests

from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.settings import Settings

Vendor = Literal["Stripe", "Fortnox"]
Verdict = Literal["up", "degraded", "down", "could not tell"]

TIMEOUT = 10.0
COMPONENTS = ("api", "fortnox id")
"""Parts of a vendor's service that we use, as words in their names; others may be down without harm to us."""

_INDICATORS: Mapping[str, Verdict] = {
    "none": "up", "minor": "degraded", "maintenance": "degraded", "major": "down", "critical": "down",
}  # fmt: skip
_STATES: Mapping[str, Verdict] = {
    "operational": "up", "degraded_performance": "degraded", "under_maintenance": "degraded",
    "partial_outage": "degraded", "major_outage": "down",
}  # fmt: skip
_UPTIME: Mapping[str, Verdict] = {"up": "up", "degraded": "degraded", "down": "down"}
_WORST: tuple[Verdict, ...] = ("down", "degraded", "could not tell", "up")


@dataclass(frozen=True)
class Status:
    """What one vendor says of itself; `words` are its own, or why nothing could be told."""

    vendor: Vendor
    verdict: Verdict
    words: str

    def __str__(self) -> str:
        said = f": {self.words}" if self.words else ""
        return f"{self.vendor}'s status page says {self.verdict}{said}"


def read(settings: Settings) -> tuple[Status, Status]:
    """Both vendors' pages, Stripe's first. Raises nothing: a page that cannot be read tells nothing."""
    chosen = settings.alerts
    return _read("Stripe", chosen.stripe_status), _read("Fortnox", chosen.fortnox_status)


def understood(body: Any) -> tuple[Verdict, str]:
    """What a status page's JSON says, and its own words."""
    if not isinstance(body, dict):
        return "could not tell", "its format is unknown"
    if isinstance(body.get("UptimeStatus"), str):
        return _UPTIME.get(body["UptimeStatus"].lower(), "could not tell"), str(body.get("message") or "")
    if isinstance(body.get("status"), dict) and "indicator" in body["status"]:
        return _statuspage(body)
    return "could not tell", "its format is unknown"


def side(failing: Vendor, statuses: tuple[Status, Status]) -> Alert:
    """The alert that says which side is down, after requests to `failing` have failed."""
    own = next(status for status in statuses if status.vendor == failing)
    told = "; ".join(str(status) for status in statuses)
    if own.verdict in ("down", "degraded"):
        text = f"{failing} fails, and says so itself. {told}."
        remedy = "wait: nothing is lost, and the runs go on by themselves when it answers again."
    elif own.verdict == "up":
        text = f"{failing} fails for us, although it says that it is up. {told}."
        remedy = "check the network here, the key or login, and the addresses in the environment; then its support."
    else:
        text = f"{failing} fails, and its status page could not be understood. {told}."
        remedy = f"look at {failing}'s status page yourself, and at the network here."
    return Alert("service", failing, text, remedy, urgent=True)


def _read(vendor: Vendor, url: str) -> Status:
    if not url:
        return Status(vendor, "could not tell", "no address is set")
    try:
        answer = requests.get(url, timeout=TIMEOUT, headers={"Accept": "application/json"})
        answer.raise_for_status()
        return Status(vendor, *understood(answer.json()))
    except (requests.RequestException, ValueError) as error:
        response = getattr(error, "response", None)
        why = f"HTTP {response.status_code}" if response is not None else "it could not be read"
        return Status(vendor, "could not tell", why)


def _statuspage(body: Mapping[str, Any]) -> tuple[Verdict, str]:
    components = body.get("components")
    ours = [
        component
        for component in components if isinstance(component, dict) and _concerns_us(str(component.get("name")))
    ] if isinstance(components, list) else []  # fmt: skip
    if not ours:
        status = body["status"]
        return _INDICATORS.get(str(status["indicator"]), "could not tell"), str(status.get("description") or "")
    states = {str(each["name"]): _STATES.get(str(each.get("status")), "could not tell") for each in ours}
    worst = next(verdict for verdict in _WORST if verdict in states.values())
    return worst, ", ".join(f"{name} {each.get('status')}" for name, each in zip(states, ours, strict=True))


def _concerns_us(name: str) -> bool:
    return any(word in name.lower().split() or word == name.lower() for word in COMPONENTS)
