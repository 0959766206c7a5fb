"""A key, a secret and tokens are planted; then everything that good and bad runs wrote is searched for them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from fortstripe_dagster import cli
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.extract.client import Patience
from fortstripe_dagster.fortnox import Fortnox, Retries
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import DroppedConnection, serve
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import CHOICES
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import small_world
from fortstripe_dagster_tests.security.written import written

KEY = "rk_test_51PlantedStripeKeyZq8"
CLIENT_ID = "PlantedClientIdYw3"
CLIENT_SECRET = "PlantedClientSecretXv5"
RANGE = ("--from", "2026-03-02", "--to", "2026-03-09")
IN_DAGSTER = {"dagster/asset_partition_range_start": "2026-03-02", "dagster/asset_partition_range_end": "2026-03-03"}


@dataclass
class Traces:
    """(where, content) of all that was written, and the tokens that Fortnox gave meanwhile."""

    written: list[tuple[str, bytes]]
    tokens: tuple[str, ...]

    def places_of(self, text: str) -> list[str]:
        return [place for place, content in self.written if text.encode() in content]


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    """A folder with all that good and bad runs wrote, printed and logged, by command line and by Dagster."""
    folder = tmp_path_factory.mktemp("traces")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(Patience, "delay", lambda self, attempt: 0)
        patch.setattr(Retries, "pause", lambda self, error, attempt: None)
        log = logging.FileHandler(folder / "everything.log")
        logging.getLogger().addHandler(log)
        patch.setattr(logging.getLogger(), "level", logging.DEBUG)
        limits = RateLimits(per_endpoint=10**6, overall=10**6)
        app = fortnox_app(Books(), client_id=CLIENT_ID, client_secret=CLIENT_SECRET, limit=RateLimit(requests=10**6))
        with (
            serve(stripe_app(small_world(), api_key=KEY, rate_limits=limits)) as stripe,
            serve(app) as fortnox,
            serve(rates_app()) as rates,
        ):
            settings = Settings(
                **{
                    **CHOICES,
                    "home": folder / "home",
                    "STRIPE_API_KEY": KEY,
                    "STRIPE_API_BASE": stripe.url,
                    "FORTNOX_CLIENT_ID": CLIENT_ID,
                    "FORTNOX_CLIENT_SECRET": CLIENT_SECRET,
                    "FORTNOX_TENANT_ID": str(app.tokens._tenant),
                    "FORTNOX_API_BASE": fortnox.url,
                    "FORTNOX_AUTH_BASE": fortnox.url,
                    "RATES_API_BASE": rates.url,
                }
            )
            configure(settings, folder, patch)
            run(patch, folder, "sync", *RANGE, "--json")
            run(patch, folder, "plan", *RANGE, "--json")
            run(patch, folder, "vat", *RANGE, "--csv", str(folder / "csv"), "--html", str(folder / "vat.html"))
            run(patch, folder, "doctor", "--json")
            go_wrong(patch, folder, settings, app)
        logging.getLogger().removeHandler(log)
        log.close()
    yield Traces(list(written(folder)), tuple(app.tokens._access))


def go_wrong(patch: pytest.MonkeyPatch, folder: Path, settings: Settings, app: Gateway) -> None:
    """Each way in which a request with a secret in it can fail, and a fault of our own in the midst of a run."""
    with patch.context() as wrong:
        wrong.setenv("STRIPE_API_KEY", KEY + "Wrong")
        run(wrong, folder, "sync", *RANGE)
        in_dagster(settings, folder, ["stripe", "events"])
    with patch.context() as wrong:
        wrong.setenv("FORTNOX_CLIENT_SECRET", CLIENT_SECRET + "Wrong")
        run(wrong, folder, "apply", *RANGE)
        run(wrong, folder, "doctor")
    with patch.context() as wrong:
        wrong.setattr(app.faults, "answer", lambda call: DroppedConnection())
        run(wrong, folder, "apply", *RANGE)
    with patch.context() as wrong:
        wrong.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
        run(wrong, folder, "sync", *RANGE)
    with patch.context() as wrong:
        wrong.setenv("FORTSTRIPE_SALES", CLIENT_SECRET)  # a secret in the wrong place
        run(wrong, folder, "sync", *RANGE)
    with patch.context() as wrong:
        wrong.setattr(Fortnox, "pages", _bug)
        in_dagster(settings, folder, ["delivery", "plan"])


def _bug(*arguments: object, **named: object) -> None:
    raise RuntimeError(f"a fault of our own, in {arguments!r} {named!r}")


def run(patch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> None:
    """A command; what it prints goes into the folder."""
    with (folder / "printed.txt").open("a") as printed, patch.context() as here:
        here.setattr(sys, "argv", ["fortstripe", *arguments])
        here.setattr(sys, "stdout", printed)
        here.setattr(sys, "stderr", printed)
        with pytest.raises(SystemExit):
            cli.main()


def in_dagster(settings: Settings, folder: Path, step: list[str]) -> None:
    """A step in Dagster that fails, on an instance that keeps its events and logs in the folder."""
    (folder / "dagster").mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance:
        job = build_definitions(settings, Company()).resolve_job_def("daily_sync")
        done = job.execute_in_process(
            instance=instance, tags=IN_DAGSTER, raise_on_error=False, asset_selection=[dg.AssetKey(step)]
        )
        assert not done.success


@pytest.mark.parametrize("secret", [KEY, CLIENT_SECRET, CLIENT_ID])
def test_no_secret_stands_in_anything_written(traces: Traces, secret: str) -> None:
    assert traces.places_of(secret) == []


def test_no_part_of_the_key_is_repeated_from_stripes_own_error(traces: Traces) -> None:
    assert traces.places_of(KEY[8:20]) == []


def test_no_token_of_fortnox_stands_in_anything_written(traces: Traces) -> None:
    assert traces.tokens
    for token in traces.tokens:
        assert traces.places_of(token.rsplit(".", 1)[1]) == []


def test_the_search_finds_what_is_there(traces: Traces) -> None:
    """Each kind of place that was searched holds something that is known to be there."""
    names = " ".join(traces.places_of("Anna Berg"))
    assert "warehouse.duckdb stripe.raw_objects" in names
    assert "journal.sqlite seals" in names
    assert "vat.html" in names
    assert "printed.txt" in traces.places_of("Remedy:")
    assert "everything.log" in traces.places_of("/v1/charges")
    assert any(place.startswith("dagster/") for place in traces.places_of("a fault of our own"))


def test_settings_show_no_secret_when_they_are_printed() -> None:
    settings = Settings(
        **{**CHOICES, "STRIPE_API_KEY": KEY, "FORTNOX_CLIENT_ID": CLIENT_ID, "FORTNOX_CLIENT_SECRET": CLIENT_SECRET}
    )
    shown = f"{settings!r} {settings} {settings.model_dump_json()}"
    assert isinstance(settings.stripe_api_key, SecretStr)
    assert not [secret for secret in (KEY, CLIENT_ID, CLIENT_SECRET) if secret in shown]
