"""Stripe, Fortnox and the rates publisher on loopback, with a merchant's month in them, for people who look around.

Fortnox's books are kept on disk between starts, so a second demo meets what the first one booked.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from starlette.types import ASGIApp

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.merchant import Merchant
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import PortInUse, serve
from fortstripe_dagster.sandbox.stripe.server import stripe_app

PORTS = {"stripe": 8471, "fortnox": 8472, "rates": 8473}
SPEED = 40
"""How many times Fortnox's real request rate the sandbox grants, so that a month takes a minute instead of an hour."""

CONFIGURATION = """\
# The demo company: every choice that a real company makes in its own fortstripe.toml.
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

[fortnox]
requests_per_5_seconds = {requests}
settle_seconds = 1
"""


@dataclass(frozen=True)
class Host:
    """The running sandbox: where it answers, and the environment that points fortstripe at it."""

    home: Path
    books: Books
    addresses: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What a shell must export to work against this sandbox."""
        return {
            "FORTSTRIPE_HOME": str(self.home),
            "FORTSTRIPE_CONFIG": str(self.home / "fortstripe.toml"),
            "STRIPE_API_KEY": "rk_test_sandbox",
            "STRIPE_API_BASE": self.addresses["stripe"],
            "FORTNOX_CLIENT_ID": "sandbox",
            "FORTNOX_CLIENT_SECRET": "sandbox-secret",
            "FORTNOX_TENANT_ID": str(self.books.company.tenant_id),
            "FORTNOX_API_BASE": self.addresses["fortnox"],
            "FORTNOX_AUTH_BASE": self.addresses["fortnox"],
            "RATES_API_BASE": self.addresses["rates"],
        }

    def save(self) -> None:
        """Keep Fortnox's books for the next start; a crash while writing leaves the old ones."""
        fresh = self.home / "fortnox-books.fresh"
        fresh.write_bytes(pickle.dumps(self.books))
        os.replace(fresh, self.home / "fortnox-books.pickle")

    def save_page(self) -> Path:
        """Fortnox's page as a file, for when the sandbox no longer runs."""
        page = self.home / "fortnox.html"
        page.write_bytes(requests.get(f"{self.addresses['fortnox']}/", timeout=60).content)
        return page


@contextmanager
def hosted(home: Path, *, seed: int, payments: int, ports: dict[str, int] | None = None) -> Iterator[Host]:
    """Start the three servers over `home`; on the way out Fortnox's books are saved.

    `ports` None takes any free ones. Raises ConfigurationError when a port is in use.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    kept = home / "fortnox-books.pickle"
    books = pickle.loads(kept.read_bytes()) if kept.exists() else Books()
    world = Merchant(seed=seed, payments=payments).world()
    config = home / "fortstripe.toml"
    if not config.exists():
        config.write_text(CONFIGURATION.format(requests=24 * SPEED), encoding="utf-8")
    apps: dict[str, ASGIApp] = {
        "stripe": stripe_app(world),
        "fortnox": fortnox_app(books, limit=RateLimit(requests=25 * SPEED)),
        "rates": rates_app(),
    }
    with ExitStack() as running:
        try:
            servers = {
                name: running.enter_context(serve(app, (ports or {}).get(name, 0))) for name, app in apps.items()
            }
        except PortInUse as error:
            raise ConfigurationError(f"{error}", "stop what listens there, or choose others with --port.") from error
        host = Host(home, books, {name: server.url for name, server in servers.items()})
        try:
            yield host
        finally:
            host.save()
