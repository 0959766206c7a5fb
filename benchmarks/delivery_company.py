"""A company to measure a delivery by: a Fortnox stand-in in a process of its own, and a ledger as large as wanted.

The stand-in counts what it is asked; the delivery is the real one, its limiter in its file included.
"""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.request import urlopen

from starlette.responses import JSONResponse, Response

from benchmarks.measure import Broken, cost
from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import DeliveryReport, Forecast
from fortstripe_dagster.extract.commit import create_tables
from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import Call, Faults, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

LATENCY_SECONDS = 0.3
YEAR = Days(date(2026, 1, 1), date(2026, 12, 31))
_UNLIMITED = 1_000_000

_DELIVER = """
import pickle, sys
from benchmarks.delivery_company import YEAR
from fortstripe_dagster import delivery
from fortstripe_dagster.warehouse import Warehouse

settings = pickle.load(open(sys.argv[1], "rb"))
report = delivery.deliver(settings, Warehouse(settings.warehouse_path), YEAR, progress=lambda line: None)
print(report.exit_code, report.documents().get("voucher"))
"""


@dataclass(frozen=True)
class Calls:
    """What the stand-in was asked so far: requests to the API, and how many of them it turned away."""

    total: int
    throttled: int


@dataclass(frozen=True)
class Company:
    """One company, its Fortnox empty at the start."""

    settings: Settings
    warehouse: Warehouse

    def sales(self, count: int, day: date) -> None:
        """As many sales of 125 kr, each by a customer of its own and paid at once; the same customers every day."""
        self._write("delivery_sales.sql", {"count": count, "day": day.isoformat()})

    def payouts(self, count: int, first: date, days: int = 1) -> None:
        """As many payouts, each a voucher of its own, spread over some days."""
        self._write("delivery_payouts.sql", {"count": count, "first": first.isoformat(), "days": days})

    def forecast(self) -> Forecast:
        """What a delivery of the year would cost."""
        return delivery.forecast(self.settings, self.warehouse, YEAR, progress=_silent)

    def deliver(self) -> DeliveryReport:
        """A delivery of the year. Raises Broken unless all of it arrives."""
        report = delivery.deliver(self.settings, self.warehouse, YEAR, progress=_silent)
        if report.exit_code:
            raise Broken(report.text()[:2000])
        return report

    def peak_mb_of_a_delivery(self) -> float:
        """The most memory of a process that delivers the year."""
        pickled = self.settings.home / "settings.pickle"
        pickled.write_bytes(pickle.dumps(self.settings))
        spent = cost([sys.executable, "-c", _DELIVER, str(pickled)])
        if not spent.said.startswith("0 "):
            raise Broken(f"the delivery ended with {spent.said}")
        return spent.peak_mb

    def calls(self) -> Calls:
        """Ask the stand-in what it was asked."""
        with urlopen(f"{self.settings.fortnox_api_base}/calls") as answer:
            return Calls(**json.load(answer))

    def _write(self, name: str, values: Mapping[str, int | str]) -> None:
        script = Path(__file__).with_name(name).read_text(encoding="utf-8")
        with self.warehouse.transaction() as connection:
            for statement in script.split(";\n"):
                used = {key: value for key, value in values.items() if f"${key}" in statement}
                if statement.strip():
                    connection.execute(statement, used)


@contextmanager
def company(directory: Path, *, latency: float = 0.0, real_limit: bool = False) -> Iterator[Company]:
    """A company with an empty ledger, and its Fortnox until the end of the block."""
    limit = 25 if real_limit else _UNLIMITED
    command = [sys.executable, "-m", "benchmarks.delivery_company", str(latency), str(limit)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        url, tenant = server.stdout.readline().split()
        settings = Settings(
            home=directory, start_date=YEAR.first, sales="invoice", invoice_issuer="stripe",
            processing_fee_vat="exempt", dispute_lost="credit", bank_leg="book",
            default_supply={"kind": "e-service", "vat_rate": 25}, accounts={"clearing": {"SEK": "1686"}},
            fortnox={"requests_per_5_seconds": 24 if real_limit else _UNLIMITED},
            FORTNOX_CLIENT_ID="sandbox", FORTNOX_CLIENT_SECRET="sandbox-secret", FORTNOX_TENANT_ID=tenant,
            FORTNOX_API_BASE=url, FORTNOX_AUTH_BASE=url,
        )  # type: ignore[call-arg]  # fmt: skip
        warehouse = Warehouse(settings.warehouse_path, say=_silent)
        with warehouse.transaction() as connection:
            create_tables(connection)
        build(settings, warehouse)
        yield Company(settings, warehouse)
    finally:
        server.terminate()
        server.wait()


def _silent(line: str) -> None:
    pass


def _serve(latency: float, limit: int) -> None:
    """The stand-in, with one more page that says what it was asked."""

    def counted(call: Call) -> Response | None:
        if call.path != "/calls":
            return None
        asked = [each for each in gateway.calls if each.path.startswith("/3/")]
        return JSONResponse({"total": len(asked), "throttled": sum(each.status == 429 for each in asked)})

    books = Books()
    gateway = fortnox_app(books, limit=RateLimit(limit), faults=Faults(answer=counted, latency=latency))
    with serve(gateway) as server:
        print(server.url, books.company.tenant_id, flush=True)
        signal.pause()


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
