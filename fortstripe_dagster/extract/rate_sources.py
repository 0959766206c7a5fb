"""Who publishes official exchange rates, and how each is asked: Riksbanken (SWEA) and the ECB (its data portal).

Both are plain HTTP without a key. What is answered becomes kronor for one unit of the currency, exact to the decimals
that the ledger keeps; what cannot be had raises RatesFailure with currency and days.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from urllib.parse import urlsplit

import requests

from fortstripe_dagster.extract.client import Patience
from fortstripe_dagster.failures import RatesFailure

DECIMALS = Decimal("0.0000000001")
"""As many decimals as the warehouse keeps; a cross rate is rounded here once."""

COMPANY = "fortstripe.toml"
"""Who says a rate that the company gives."""

Rates = Sequence[tuple[date, Decimal]]


@dataclass(frozen=True)
class Gap:
    """Days of a currency, both ends included, that were not fetched yet."""

    currency: str
    first: date
    last: date


@dataclass(frozen=True)
class Published:
    """What was published for a gap: kronor for one unit, by day, and by whom."""

    gap: Gap
    rates: Rates
    source: str


@dataclass(frozen=True)
class Source:
    """A publisher: its name in the books, its own address, and how a gap is asked for and read."""

    name: str
    address: str
    nothing: frozenset[int]
    """Statuses that mean that nothing was published in those days."""
    url: Callable[[str, Gap], str]
    read: Callable[[bytes, Gap], Rates]


def fetch(source: str, base: str, gap: Gap, patience: Patience | None = None) -> Published:
    """Ask `riksbank` or `ecb`, at `base` or else its own address. Raises RatesFailure naming currency and days."""
    asked = SOURCES[source]
    url = asked.url((base or asked.address).rstrip("/"), gap)
    answer = _get(url, gap, patience or Patience(attempts=4, first_delay=1.0))
    if answer.status_code in asked.nothing or (answer.status_code == 200 and not answer.content):
        return Published(gap, [], asked.name)
    if answer.status_code != 200:
        raise failure(gap, f"the rates' server answers {answer.status_code}")
    try:
        return Published(gap, asked.read(answer.content, gap), asked.name)
    except (ValueError, KeyError, TypeError, InvalidOperation, ZeroDivisionError) as error:
        raise failure(gap, "the answer of the rates' server cannot be read") from error


def given(rates: Mapping[date, Decimal], gap: Gap) -> Published:
    """What the company says of a currency that nobody publishes: each rate holds until the next."""
    found = []
    for number in range((gap.last - gap.first).days + 1):
        day = gap.first + timedelta(days=number)
        latest = max((since for since in rates if since <= day), default=None)
        if latest is not None:
            found.append((day, rates[latest]))
    return Published(gap, found, COMPANY)


def failure(gap: Gap, why: str) -> RatesFailure:
    """The error for rates that cannot be had."""
    days = f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"
    return RatesFailure(
        f"No official exchange rate for {gap.currency} on {days}: {why}.",
        "check the network and RATES_API_BASE and run the same command again; what was read from Stripe is kept. If "
        f"nobody publishes {gap.currency}, give its rates under [exchange_rates.{gap.currency}] in fortstripe.toml.",
    )


def _riksbank_url(base: str, gap: Gap) -> str:
    root = base.removesuffix("/swea/v1")  # the Riksbank names its address with and without the path
    return f"{root}/swea/v1/Observations/SEK{gap.currency}PMI/{gap.first}/{gap.last}"


def _riksbank_rates(content: bytes, gap: Gap) -> Rates:
    observations = json.loads(content, parse_float=Decimal, parse_int=Decimal)
    return [(date.fromisoformat(o["date"]), Decimal(o["value"])) for o in observations]


def _ecb_url(base: str, gap: Gap) -> str:
    root = base.removesuffix("/service")
    series = "SEK" if gap.currency == "EUR" else f"SEK+{gap.currency}"
    days = f"startPeriod={gap.first}&endPeriod={gap.last}"
    return f"{root}/service/data/EXR/D.{series}.EUR.SP00.A?{days}&format=csvdata"


def _ecb_rates(content: bytes, gap: Gap) -> Rates:
    """The ECB quotes units of a currency for one euro: kronor for one unit is the one over the other."""
    per_euro: dict[str, dict[date, Decimal]] = {}
    for row in csv.DictReader(content.decode("utf-8-sig").splitlines()):
        if row["OBS_VALUE"] not in ("", "NaN"):  # a day on which nothing was quoted
            per_euro.setdefault(row["CURRENCY"], {})[date.fromisoformat(row["TIME_PERIOD"])] = Decimal(row["OBS_VALUE"])
    kronor = per_euro.get("SEK", {})
    if gap.currency == "EUR":
        return sorted(kronor.items())
    units = per_euro.get(gap.currency, {})
    return [
        (day, (kronor[day] / units[day]).quantize(DECIMALS, ROUND_HALF_UP)) for day in sorted(kronor.keys() & units)
    ]


SOURCES = {
    "riksbank": Source("Riksbanken", "https://api.riksbank.se", frozenset({204}), _riksbank_url, _riksbank_rates),
    "ecb": Source("ECB", "https://data-api.ecb.europa.eu", frozenset({404}), _ecb_url, _ecb_rates),
}


def _get(url: str, gap: Gap, patience: Patience) -> requests.Response:
    timeout = (patience.connect_timeout, patience.read_timeout)
    for attempt in range(1, patience.attempts + 1):
        last = attempt == patience.attempts
        try:
            answer = requests.get(url, timeout=timeout, headers={"Accept": "application/json, text/csv"})
        except requests.RequestException as error:
            if last:
                server = urlsplit(url)
                raise failure(gap, f"{server.scheme}://{server.netloc} cannot be reached") from error
            time.sleep(patience.delay(attempt))
            continue
        if last or (answer.status_code != 429 and answer.status_code < 500):
            return answer
        asked = answer.headers.get("Retry-After", "")
        time.sleep(min(60.0, float(asked)) if asked.isdigit() else patience.delay(attempt))
    raise AssertionError("the last attempt either returns or raises")
